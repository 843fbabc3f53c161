#pragma once
#include <array>
#include <atomic>
#include <cstring>
#include <optional>
#include <utility>
#include <variant>

#include "casters.hpp"
#include "dlpack.hpp"
#include "tutelage/impl/tensor/storage.hpp"

/// Memory that tutelage and other libraries share without a copy: NumPy's arrays, and DLPack both ways.
/// Exports are read-only and count as owners of the storage, so that writing to a tensor copies first; imports are never written to, and whoever
/// lends them must not write to them either while a tensor reads them.
/// Source: Python array API standard 2023.12, __dlpack__ and from_dlpack; the "Python Specification for DLPack" (dlpack.hpp). Checked by:
/// tests/python/test_exchange.py, tests/compare/test_torch_exchange.py.

/// Memory that cannot be shared as asked; in Python also a BufferError, as the array API standard has it.
struct ExchangeError : tutelage::ValueError {
  using ValueError::ValueError;
};

/// What a storage borrowed, and how it is given back. Giving back runs Python and needs the GIL, but a worker that waited for the GIL would block the
/// thread that holds it and waits for the worker: so it is done at once where the GIL is held, and else queued for the main thread.
class Loan {
 public:
  Loan(void* what, void (*give_back)(void*)) : what_(what), give_back_(give_back) {}

  static void end(Loan* loan) noexcept {
    if (!Py_IsInitialized()) return;  // what was lent is gone with the interpreter
    loan->next_ = ended_.load();
    while (!ended_.compare_exchange_weak(loan->next_, loan)) {}
    if (PyGILState_Check())
      give_back_all(nullptr);
    else
      Py_AddPendingCall(give_back_all, nullptr);  // where that queue is full, the next end does it
  }

 private:
  static int give_back_all(void*) noexcept {
    const py::error_scope keep;
    for (Loan* loan = ended_.exchange(nullptr); loan;) {
      const std::unique_ptr<Loan> done(loan);
      loan = done->next_;
      done->give_back_(done->what_);
    }
    return 0;
  }

  void* what_;
  void (*give_back_)(void*);
  Loan* next_ = nullptr;
  inline static std::atomic<Loan*> ended_{nullptr};
};

/// A tensor over borrowed memory. The loan is the tensor's from here on, also where this throws.
template <class T> tutelage::BasicTensor<T> borrow(const tutelage::Shape& shape, const T* data, Loan* loan) {
  std::unique_ptr<Loan, void (*)(Loan*)> held(loan, Loan::end);
  if (shape.size() == 0) return tutelage::BasicTensor<T>::uninitialized(shape);
  auto storage = std::make_shared<tutelage::Storage<T>>(const_cast<T*>(data), shape.size(), [loan] { Loan::end(loan); });
  held.release();
  return tutelage::BasicTensor<T>::of(shape, std::move(storage));
}

template <class T> bool aligned(const void* p) { return reinterpret_cast<std::uintptr_t>(p) % alignof(T) == 0; }

/// The array's own memory as a tensor. @throws ExchangeError for another dtype, byte order or layout.
template <class T> tutelage::BasicTensor<T> from_numpy(const py::array& a) {
  const std::string dtype = py::str(py::dtype::of<T>()), function = sizeof(T) == 4 ? "Tensor" : "Tensor64";
  const std::string hint = "Pass numpy.require(array, numpy." + dtype + ", ['C', 'A']).";
  if (!py::dtype::of<T>().equal(a.dtype()))
    tutelage::detail::fail<ExchangeError>(function, "array has another dtype", py::str(a.dtype().attr("str")), dtype + " in native byte order", hint);
  if (!(a.flags() & py::array::c_style) || !aligned<T>(a.data()))
    tutelage::detail::fail<ExchangeError>(function, "array is not in one aligned, row-major piece",
                                          "strides " + std::string(py::str(a.attr("strides"))), "a C-contiguous array", hint);
  const std::vector<std::int64_t> dims(a.shape(), a.shape() + a.ndim());
  const tutelage::Shape shape{std::span<const std::int64_t>(dims)};
  auto loan = std::make_unique<Loan>(a.ptr(), [](void* p) { Py_DECREF(static_cast<PyObject*>(p)); });
  a.inc_ref();
  return borrow<T>(shape, static_cast<const T*>(a.data()), loan.release());
}

/// An argument that is an array becomes a tensor by copying: unlike one made by Tensor(array), it may be kept by a tape or a model without the
/// caller's knowledge, while the array's owner goes on writing to it.
template <class T> PyObject* convert_array(PyObject* from, PyTypeObject*) {
  if (!py::array_t<T, py::array::c_style>::check_(from)) return nullptr;
  try {
    const auto a = py::reinterpret_borrow<py::array_t<T, py::array::c_style>>(from);
    const std::vector<std::int64_t> dims(a.shape(), a.shape() + a.ndim());
    auto t = tutelage::BasicTensor<T>::uninitialized(tutelage::Shape(std::span<const std::int64_t>(dims)));
    if (t.size()) std::memcpy(t.mutable_data(), a.data(), static_cast<std::size_t>(t.size()) * sizeof(T));
    return py::cast(std::move(t)).release().ptr();
  } catch (const tutelage::Error&) {  // such as too many dimensions: no conversion
    return nullptr;
  }
}

/// numpy.asarray(tensor, dtype, copy=copy): the same memory, read-only, but for a copy that is asked for or needed.
template <class T> py::array to_array(const tutelage::BasicTensor<T>& t, const py::object& dtype, std::optional<bool> copy) {
  const py::array a = to_numpy(t);
  const bool same = dtype.is_none() || py::dtype::from_args(dtype).equal(a.dtype());
  if (!same && copy == false)
    tutelage::detail::fail<ExchangeError>("Tensor.__array__", "another dtype needs a copy", py::str(dtype), py::str(a.dtype()),
                                          "Leave out copy=False.");
  if (!same) return a.attr("astype")(dtype);
  return copy == true ? py::array(a.attr("copy")()) : a;
}

/// A capsule of one kind over the tensor's memory, which it owns a share of; its deleter may be called by any thread, without the GIL.
template <class M, class T> py::capsule make_capsule(const tutelage::BasicTensor<T>& t, std::uint64_t flags) {
  struct Export {
    M managed{};
    std::shared_ptr<tutelage::Storage<T>> owner;
    std::array<std::int64_t, tutelage::Shape::kMaxRank> shape{}, strides{};
  };
  auto e = std::make_unique<Export>();
  e->owner = t.storage();
  std::int64_t stride = 1;
  for (int i = t.rank() - 1; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    e->shape[at] = t.dim(i), e->strides[at] = stride;
    stride *= std::max<std::int64_t>(1, t.dim(i));
  }
  M& m = e->managed;
  if constexpr (std::is_same_v<M, dlpack::ManagedVersioned>) m.version = {1, 0}, m.flags = flags;
  m.context = e.get();
  m.deleter = [](M* self) { delete static_cast<Export*>(self->context); };
  m.array = {t.size() ? const_cast<T*>(t.data()) : nullptr,
             {dlpack::kCpu, 0},
             t.rank(),
             {dlpack::kFloat, 8 * sizeof(T), 1},
             e->shape.data(),
             e->strides.data(),
             0};
  PyObject* capsule = PyCapsule_New(&m, M::kName, [](PyObject* self) {
    if (!PyCapsule_IsValid(self, M::kName)) return;  // somebody took it
    auto* unused = static_cast<M*>(PyCapsule_GetPointer(self, M::kName));
    unused->deleter(unused);
  });
  if (!capsule) throw py::error_already_set();
  e.release();
  return py::reinterpret_steal<py::capsule>(capsule);
}

/// Tensor.__dlpack__: a versioned capsule marked read-only shares memory; an old one cannot be marked, and holds a copy.
/// @throws ExchangeError if the tensor is tracked, a device other than the CPU is asked for, or copy = false of what must be copied.
template <class T>
py::capsule to_dlpack(const tutelage::BasicTensor<T>& t, std::optional<std::int64_t> stream, std::optional<std::pair<int, int>> max_version,
                      std::optional<std::pair<int, int>> device, std::optional<bool> copy) {
  const auto fail = [](const std::string& wrong, const std::string& got, const std::string& expected, const std::string& hint) {
    tutelage::detail::fail<ExchangeError>("Tensor.__dlpack__", wrong, got, expected, hint);
  };
  if (t.tracked()) fail("tensor belongs to an open tape", "a tracked tensor", "an untracked one", "Export detach() instead.");
  if (device && device->first != dlpack::kCpu)
    fail("tensors live on the CPU", "device type " + std::to_string(device->first), "1", "Import it on the CPU and move it from there.");
  if (stream && *stream != -1) fail("the CPU has no streams", "stream " + std::to_string(*stream), "None", "Leave it out.");
  const bool versioned = max_version && max_version->first >= 1;
  if (!versioned && copy == false)
    fail("an old capsule cannot say that it is read-only", "copy=False", "max_version=(1, 0) or later",
         "Leave out copy=False, or use a newer library.");
  auto shared = t.detach();
  if (!versioned || copy == true) {
    auto copied = tutelage::BasicTensor<T>::uninitialized(t.shape());
    std::copy_n(t.data(), t.size(), copied.mutable_data());
    shared = std::move(copied);
  }
  if (!versioned) return make_capsule<dlpack::Managed>(shared, 0);
  return make_capsule<dlpack::ManagedVersioned>(shared, copy == true ? dlpack::kIsCopied : dlpack::kReadOnly);
}

using AnyTensor = std::variant<tutelage::Tensor, tutelage::Tensor64>;

template <class T, class M> AnyTensor take(PyObject* capsule, M* m, const tutelage::Shape& shape) {
  const auto* data = static_cast<const char*>(m->array.data) + m->array.byte_offset;
  if (shape.size() && (!m->array.data || !aligned<T>(data)))
    tutelage::detail::fail<ExchangeError>("from_dlpack", "memory is not aligned to its numbers", m->array.data ? "an odd address" : "null",
                                          "a multiple of " + std::to_string(alignof(T)), "Copy it first: x.copy() in NumPy, x.clone() in PyTorch.");
  auto loan = std::make_unique<Loan>(m, [](void* p) {
    auto* lent = static_cast<M*>(p);
    if (lent->deleter) lent->deleter(lent);
  });
  if (PyCapsule_SetName(capsule, M::kUsed) != 0) throw py::error_already_set();
  return borrow<T>(shape, reinterpret_cast<const T*>(data), loan.release());
}

/// Checks all before the capsule is marked as used: a capsule that is refused still frees what it holds.
template <class M> AnyTensor consume(PyObject* capsule) {
  const auto refuse = [](const std::string& wrong, const std::string& got, const std::string& expected, const std::string& hint = "") {
    tutelage::detail::fail<ExchangeError>("from_dlpack", wrong, got, expected, hint);
  };
  auto* m = static_cast<M*>(PyCapsule_GetPointer(capsule, M::kName));
  if (!m) throw py::error_already_set();
  if constexpr (std::is_same_v<M, dlpack::ManagedVersioned>)
    if (m->version.major != 1) refuse("unknown version of DLPack", std::to_string(m->version.major), "version 1");
  const dlpack::Array& a = m->array;
  if (a.device.type != dlpack::kCpu)
    refuse("array is not on the CPU", "device type " + std::to_string(a.device.type), "1", "Move it first: x.cpu() in PyTorch.");
  if (a.dtype.code != dlpack::kFloat || a.dtype.lanes != 1 || (a.dtype.bits != 32 && a.dtype.bits != 64))
    refuse("array has another dtype",
           "code " + std::to_string(a.dtype.code) + ", " + std::to_string(a.dtype.bits) + " bits, " + std::to_string(a.dtype.lanes) + " lanes",
           "float32 or float64 (code 2, 32 or 64 bits, 1 lane)", "Convert it first: x.astype(numpy.float32) in NumPy, x.float() in PyTorch.");
  if (a.ndim < 0 || a.ndim > tutelage::Shape::kMaxRank || (a.ndim > 0 && !a.shape))
    refuse("wrong number of dimensions", std::to_string(a.ndim), "0 to " + std::to_string(tutelage::Shape::kMaxRank), "Reshape it first.");
  const tutelage::Shape shape{std::span<const std::int64_t>(a.shape, static_cast<std::size_t>(a.ndim))};
  std::int64_t stride = 1;
  for (int i = a.ndim - 1; i >= 0 && a.strides && shape.size(); --i) {
    if (shape[i] != 1 && a.strides[i] != stride)
      refuse("array is not in one row-major piece", "stride " + std::to_string(a.strides[i]) + " along axis " + std::to_string(i),
             std::to_string(stride), "Copy it first: numpy.ascontiguousarray(x) in NumPy, x.contiguous() in PyTorch.");
    stride *= shape[i];
  }
  return a.dtype.bits == 32 ? take<float>(capsule, m, shape) : take<double>(capsule, m, shape);
}

/// from_dlpack(x): x's memory as a tensor. @throws ExchangeError for what is not on the CPU, float32 or float64, and C-contiguous.
inline AnyTensor from_dlpack(const py::object& x) {
  const auto refuse = [](const std::string& wrong, const std::string& got, const std::string& expected, const std::string& hint = "") {
    tutelage::detail::fail<ExchangeError>("from_dlpack", wrong, got, expected, hint);
  };
  if (!py::hasattr(x, "__dlpack__"))
    refuse("x has no __dlpack__", py::str(py::type::of(x).attr("__name__")), "an array or tensor of a library that speaks DLPack",
           "Make it a NumPy array first; instead of a capsule pass the object that made it.");
  if (py::hasattr(x, "__dlpack_device__")) {
    const auto device = py::cast<std::pair<int, int>>(x.attr("__dlpack_device__")());
    if (device.first != dlpack::kCpu)
      refuse("array is not on the CPU", "device type " + std::to_string(device.first), "1", "Move it first: x.cpu() in PyTorch.");
  }
  py::object capsule;
  try {
    try {
      capsule = x.attr("__dlpack__")(py::arg("max_version") = py::make_tuple(1, 0));
    } catch (py::error_already_set& e) {
      if (!e.matches(PyExc_TypeError)) throw;
      capsule = x.attr("__dlpack__")();  // a library from before versions
    }
  } catch (py::error_already_set& e) {
    if (!e.matches(PyExc_BufferError)) throw;
    refuse("its library does not export this array", py::str(e.value()), "a plain array of float32 or float64 on the CPU");
  }
  if (PyCapsule_IsValid(capsule.ptr(), dlpack::ManagedVersioned::kName)) return consume<dlpack::ManagedVersioned>(capsule.ptr());
  if (PyCapsule_IsValid(capsule.ptr(), dlpack::Managed::kName)) return consume<dlpack::Managed>(capsule.ptr());
  refuse("no capsule that can be taken", py::repr(capsule), "\"dltensor_versioned\" or \"dltensor\"",
         "A capsule is taken once; pass an object that makes a new one for each call.");
  return {};
}
