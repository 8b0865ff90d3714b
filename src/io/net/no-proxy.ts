/** NO_PROXY: addresses that are requested without the proxy. Pure. */

/**
 * @param list names separated by commas or spaces: `example.org` (and its subdomains), `.example.org`, `127.0.0.1`,
 *   `localhost:8080`, `[::1]`, or `*` for all
 */
export const bypassesProxy = (origin: URL, list: string): boolean => {
  const host = origin.hostname.toLowerCase();
  const port = origin.port === '' ? (origin.protocol === 'https:' ? '443' : '80') : origin.port;
  return list.split(/[,\s]+/).some((entry) => {
    if (entry === '*') return true;
    const bracketed = /^[^[]*:.*:/.test(entry) ? `[${entry}]` : entry;
    const [, name = '', entryPort] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(bracketed) ?? [];
    const domain = name.toLowerCase().replace(/^\*?\./, '');
    if (domain === '' || (entryPort !== undefined && entryPort !== port)) return false;
    return host === domain || host.endsWith(`.${domain}`);
  });
};
