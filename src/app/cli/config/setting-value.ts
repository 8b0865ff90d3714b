/** A value of a setting: text, number, switch, pair of numbers, or list of texts. */
export type SettingValue = string | number | boolean | readonly number[] | readonly string[];
