"""Agreement beside the package krippendorff, live."""

import numpy as np
import pytest

from tutelage import prefs

krippendorff = pytest.importorskip("krippendorff")


@pytest.mark.parametrize("seed", range(10))
def test_alpha_equals_krippendorff(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(-1, 2 + seed % 3, (int(rng.integers(2, 7)), 40))
    theirs = krippendorff.alpha(np.where(labels < 0, np.nan, labels), level_of_measurement="nominal")
    assert prefs.krippendorff_alpha(labels) == pytest.approx(theirs, abs=1e-12)
