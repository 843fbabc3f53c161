#pragma once
#include <cmath>

#include "tutelage/base/math.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs::detail_ {

enum class ErrorForm { kMixture, kUniform, kSmoothing, kUnbiased };
enum class Outcome { kWin, kTie, kLoss };

/// A term and its derivatives by D, and by psi where there is one.
struct Term {
  double value = 0, d = 0, dd = 0, psi = 0, psi_psi = 0, d_psi = 0;
};

/// -log sigma(x), its first and second derivative.
inline Term logistic(double x) {
  const double e = math::exp(-std::abs(x)), inv = 1.0 / (1.0 + e), up = x >= 0 ? inv : e * inv, down = x >= 0 ? e * inv : inv;
  Term t;
  t.value = (x < 0 ? -x : 0.0) + math::log1p(e);
  t.d = -down;
  t.dd = up * down;
  return t;
}

inline Term combine(double a, const Term& s, double b, const Term& mirrored) {
  Term t;
  t.value = a * s.value + b * mirrored.value;
  t.d = a * s.d - b * mirrored.d;
  t.dd = a * s.dd + b * mirrored.dd;
  return t;
}

/// k(x) of fit_items.
inline Term with_errors(double x, double e, ErrorForm form) {
  if (e == 0) return logistic(x);
  if (form == ErrorForm::kSmoothing) return combine(1.0 - e, logistic(x), e, logistic(-x));
  if (form == ErrorForm::kUnbiased) return combine((1.0 - e) / (1.0 - 2.0 * e), logistic(x), -e / (1.0 - 2.0 * e), logistic(-x));
  if (form == ErrorForm::kUniform) e = 0.5 * e;
  const double s = math::sigmoid(x), other = math::sigmoid(-x), p = (1.0 - e) * s + e * other, slope = (1.0 - 2.0 * e) * (s * other) / p;
  Term t;
  t.value = -math::log(p);
  t.d = -slope;
  t.dd = slope * slope - slope * (other - s);
  return t;
}

/// psi = ln nu.
inline Term davidson_term(double d, double psi, Outcome outcome) {
  const double high = std::max(0.5 * std::abs(d), psi), win = math::exp(0.5 * d - high), tie = math::exp(psi - high), loss = math::exp(-0.5 * d - high);
  const double sum = win + tie + loss, pw = win / sum, pt = tie / sum, pl = loss / sum;
  Term t;
  const double said = outcome == Outcome::kWin ? 0.5 * d : outcome == Outcome::kTie ? psi : -0.5 * d;
  t.value = high + math::log(sum) - said;
  t.d = 0.5 * (pw - pl) - (outcome == Outcome::kWin ? 0.5 : outcome == Outcome::kLoss ? -0.5 : 0.0);
  t.psi = pt - (outcome == Outcome::kTie ? 1.0 : 0.0);
  t.dd = 0.25 * (pw + pl - (pw - pl) * (pw - pl));
  t.d_psi = -0.5 * pt * (pw - pl);
  t.psi_psi = pt * (1.0 - pt);
  return t;
}

/// psi = ln t, t = ln theta.
inline Term rao_kupper_term(double d, double psi, Outcome outcome) {
  const double threshold = math::exp(psi);
  Term t;
  double by_t = 0, by_tt = 0, by_dt = 0;
  if (outcome != Outcome::kLoss) {
    const Term u = logistic(d - threshold);
    t.value = u.value, t.d = u.d, t.dd = u.dd;
    by_t = -u.d, by_tt = u.dd, by_dt = -u.dd;
  }
  if (outcome != Outcome::kWin) {
    const Term v = logistic(-d - threshold);
    t.value = t.value + v.value, t.d = t.d - v.d, t.dd = t.dd + v.dd;
    by_t = by_t - v.d, by_tt = by_tt + v.dd, by_dt = by_dt + v.dd;
  }
  if (outcome == Outcome::kTie) {
    const double gap = -math::expm1(-2.0 * threshold);  // 1 - exp(-2 t)
    t.value = t.value - (2.0 * threshold + math::log(gap));
    by_t = by_t - 2.0 / gap;
    by_tt = by_tt + 4.0 * (1.0 - gap) / (gap * gap);
  }
  t.psi = threshold * by_t;
  t.psi_psi = threshold * threshold * by_tt + threshold * by_t;
  t.d_psi = threshold * by_dt;
  return t;
}

}  // namespace prefs::detail_

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
