import { spaceTimesteps, type TimestepConfig } from '#src/diffusion/schedulers/noise/timesteps.js';

const space = (spacing: TimestepConfig['timestep_spacing'], steps: number, offset = 0): number[] =>
  spaceTimesteps({ num_train_timesteps: 1000, timestep_spacing: spacing, steps_offset: offset }, steps);

it('leading: whole strides from 0, and the offset', () => {
  expect(space('leading', 3, 1)).toEqual([667, 334, 1]);
  expect(space('leading', 1)).toEqual([0]);
});

it('trailing: back from the last timestep, halves to even; no offset', () => {
  expect(space('trailing', 4, 1)).toEqual([999, 749, 499, 249]);
  expect(space('trailing', 16).slice(0, 4)).toEqual([999, 937, 874, 811]);
});

it('trailing keeps the extra step that numpy.arange has by rounding', () => {
  expect(space('trailing', 61)).toHaveLength(62);
  expect(space('trailing', 61).at(-1)).toBe(-1);
});

it('linspace: both ends, not rounded', () => {
  expect(space('linspace', 5)).toEqual([999, 749.25, 499.5, 249.75, 0]);
});

it('leading refuses more steps than there are timesteps', () => {
  expect(() => space('leading', 1001)).toThrow(expect.objectContaining({ code: 'ROW_FIELD_INVALID' }));
});
