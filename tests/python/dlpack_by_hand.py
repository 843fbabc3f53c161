"""DLPack's structures by ctypes, and libraries by hand whose capsules say what a test wants them to say."""

import ctypes

import numpy as np

VERSIONED, OLD = b"dltensor_versioned", b"dltensor"


class Array(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device", ctypes.c_int32), ("device_id", ctypes.c_int32), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8),
                ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
                ("byte_offset", ctypes.c_uint64)]


class Managed(ctypes.Structure):
    _fields_ = [("array", Array), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


class ManagedVersioned(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p), ("flags", ctypes.c_uint64),
                ("array", Array)]


def capi(name, result, *arguments):
    function = getattr(ctypes.pythonapi, name)
    return ctypes.PYFUNCTYPE(result, *arguments)(ctypes.cast(function, ctypes.c_void_p).value)


new_capsule = capi("PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
name_of = capi("PyCapsule_GetName", ctypes.c_char_p, ctypes.py_object)
pointer_of = capi("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def read(capsule):
    kind = ManagedVersioned if name_of(capsule) == VERSIONED else Managed
    return kind.from_address(pointer_of(capsule, name_of(capsule)))


class Producer:
    """A library by hand, whose capsules say what a test wants them to say; counts how often they are freed."""

    def __init__(self, values, versioned=True, deleter=True, major=1, device=1, **fields):
        self.values = np.array(values)
        self.freed, self.versioned, self.device = 0, versioned, device
        self.shape = (ctypes.c_int64 * 8)(*fields.pop("shape", self.values.shape))
        self.strides = (ctypes.c_int64 * 8)(*fields.pop("strides", [s // self.values.itemsize for s in self.values.strides]))
        array = dict(data=self.values.ctypes.data, device=device, ndim=self.values.ndim, code=2, bits=8 * self.values.itemsize, lanes=1, shape=self.shape,
                     strides=self.strides) | fields
        self.managed = (ManagedVersioned if versioned else Managed)(array=Array(**array))
        self.callback = DELETER(self.free)
        if deleter:
            self.managed.deleter = ctypes.cast(self.callback, ctypes.c_void_p)
        if versioned:
            self.managed.major = major

    def free(self, pointer):
        assert pointer == ctypes.addressof(self.managed)
        self.freed += 1

    def capsule(self):
        return new_capsule(ctypes.addressof(self.managed), VERSIONED if self.versioned else OLD, None)

    def __dlpack_device__(self):
        return (self.device, 0)

    def __dlpack__(self, *, max_version=None):
        return self.capsule()


class Before2023(Producer):
    def __dlpack__(self, stream=None):
        return self.capsule()


class Hands:
    """An object that hands out one capsule."""

    def __init__(self, capsule):
        self.capsule = capsule

    def __dlpack__(self, **options):
        return self.capsule
