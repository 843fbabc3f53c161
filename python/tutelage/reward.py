"""Reward models and their likelihoods."""

from ._arrays import call

__all__ = ["bradley_terry_loss"]


def bradley_terry_loss(chosen, rejected, margin=None, probability=None, center_coef=0.0, weight=None, error_rate=0.0):
    """Weighted mean over pairs of -p log sigma(D - margin) - (1 - p) log sigma(-(D - margin)), D = chosen - rejected, all (N).

    p is 1 unless `probability` is given; plus center_coef * (chosen + rejected)^2. error_rate e mixes in mistakes: P' = (1 - e) P + e (1 - P).
    """
    return call("bradley_terry_loss", [chosen, rejected, margin, probability, weight], center_coef, error_rate)
