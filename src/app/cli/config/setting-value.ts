/** A value as files and variables set it: text, number, switch, a pair of numbers, or a list of texts. */
export type SettingValue = string | number | boolean | readonly number[] | readonly string[];
