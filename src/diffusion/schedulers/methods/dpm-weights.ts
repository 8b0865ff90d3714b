/**
 * One step of DPM-Solver++ as weights: Lu et al. 2022, arXiv:2211.01095, eq. 9 and appendix B; over the ODE or, with noise,
 * the SDE. As in diffusers 0.42, schedulers/scheduling_dpmsolver_multistep.py, which its single-step class shares.
 */
import { oneOf } from '../config-fields.js';
import type { Level } from './multistep.js';

/** Solver keys of all DPM classes. */
export const DPM_FIELDS = {
  /** `deis` is from a DEIS model's configuration and runs as DPM-Solver++. */
  algorithm_type: oneOf(['dpmsolver++', 'sde-dpmsolver++', 'deis'], 'dpmsolver++'),
  /** The last three are for other classes and run as midpoint. */
  solver_type: oneOf(['midpoint', 'heun', 'logrho', 'bh1', 'bh2'], 'midpoint'),
};

/** Weights of the latents at the beginning of a step, the clean latents there, their first and second derivative over log SNR, and noise. */
export interface DpmWeights {
  readonly sample: number;
  readonly value: number;
  readonly slope: number;
  readonly curve: number;
  readonly noise: number;
}

/** @param exactSlope integrate the first derivative exactly, not by the midpoint rule: for Heun's type and for order 3 */
export const dpmWeights = (from: Level, to: Level, isSde: boolean, exactSlope: boolean): DpmWeights => {
  const h = (isSde ? 2 : 1) * (to.lambda - from.lambda);
  const phi = Math.exp(-h) - 1;
  // As in diffusers, the curvature term's half has opposite signs in SDE and ODE.
  const half = isSde ? 0.5 : -0.5;
  return {
    sample: (to.sigma / from.sigma) * (isSde ? Math.exp(-h / 2) : 1),
    value: -to.alpha * phi,
    slope: to.alpha * (exactSlope ? phi / h + 1 : -0.5 * phi),
    curve: -to.alpha * ((phi + h) / h ** 2 + half),
    noise: isSde ? to.sigma * Math.sqrt(-phi) : 0,
  };
};
