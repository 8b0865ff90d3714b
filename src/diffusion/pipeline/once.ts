/** Calls `make` at the first call, and returns the same promise from then on; after a failure the next call tries again. */
export const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  const each = onceEach(make);
  return () => each(null);
};

/** As `once`, for each argument, which is compared as JSON. */
export const onceEach = <Argument, T>(
  make: (argument: Argument) => Promise<T>,
): ((argument: Argument) => Promise<T>) => {
  const made = new Map<string, Promise<T>>();
  return (argument) => {
    const key = JSON.stringify(argument);
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(argument);
    made.set(key, value);
    value.catch(() => made.delete(key));
    return value;
  };
};

/** Calls `make` at the first call only, and keeps its failure too: for what takes minutes and gigabytes to try. */
export const onceOnly = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};
