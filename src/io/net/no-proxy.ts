/** NO_PROXY: which addresses are asked directly. Pure. */

/**
 * @param list names with commas or spaces between them: `example.org` (and what is below it), `.example.org`, `127.0.0.1`,
 *   `localhost:8080`, `[::1]`, or `*` for all
 */
export const bypassesProxy = (origin: URL, list: string): boolean => {
  const host = origin.hostname.toLowerCase();
  const port = origin.port === '' ? (origin.protocol === 'https:' ? '443' : '80') : origin.port;
  return list.split(/[,\s]+/).some((entry) => {
    if (entry === '*') return true;
    const bracketed = /^[^[]*:.*:/.test(entry) ? `[${entry}]` : entry;
    const [, name = '', own] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(bracketed) ?? [];
    const known = name.toLowerCase().replace(/^\*?\./, '');
    if (known === '' || (own !== undefined && own !== port)) return false;
    return host === known || host.endsWith(`.${known}`);
  });
};
