/** In milliseconds: Node's timers fire at once for longer times. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
