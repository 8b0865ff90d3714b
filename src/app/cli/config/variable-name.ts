/** Names of the environment variables that set options. */

export const PREFIX = 'SDXL_REFINE_';

/** Names the configuration file, as `--config` does. */
export const CONFIG_VARIABLE = `${PREFIX}CONFIG`;

/** `guidance_scale` → `SDXL_REFINE_GUIDANCE_SCALE` */
export const variableOf = (name: string): string => PREFIX + name.toUpperCase();
