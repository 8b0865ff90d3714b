/** Names of the environment variables that set options. */

export const PREFIX = 'SDXL_REFINE_';

/** The variable for `--config`. */
export const CONFIG_VARIABLE = `${PREFIX}CONFIG`;

/** `guidance_scale` → `SDXL_REFINE_GUIDANCE_SCALE` */
export const variableOf = (name: string): string => PREFIX + name.toUpperCase();
