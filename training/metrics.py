"""Picture quality against the clean picture, and medians and intervals of it."""

import numpy as np
from skimage.metrics import structural_similarity


def psnr(picture, clean):
    """Peak signal-to-noise ratio of 8-bit pictures, in dB."""
    error = np.mean((picture.astype(np.float64) - clean) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def ssim(picture, clean):
    """Structural similarity as Wang et al. (2004) define it: Gaussian window, sigma 1.5."""
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    return float(structural_similarity(picture, clean, channel_axis=2, **options))


def interval(differences, rounds=10_000):
    """Mean of paired differences and its 95 % bootstrap interval."""
    differences = np.asarray(differences)
    rng = np.random.default_rng(0)
    means = [rng.choice(differences, len(differences)).mean() for _ in range(rounds)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(differences.mean()), float(low), float(high)
