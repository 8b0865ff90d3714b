/** Calls `make` at the first call, and returns the same promise from then on. */
export const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};

/** As `once`, for each argument, which is compared as JSON. */
export const onceEach = <Argument, T>(
  make: (argument: Argument) => Promise<T>,
): ((argument: Argument) => Promise<T>) => {
  const made = new Map<string, Promise<T>>();
  return (argument) => {
    const key = JSON.stringify(argument);
    const value = made.get(key) ?? make(argument);
    made.set(key, value);
    return value;
  };
};
