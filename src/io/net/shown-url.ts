/** URLs and their secrets: what messages show, and what goes into a header. */

/** A URL for messages: without user, password and query, where signed URLs have their secret. */
export const redactUrl = (url: string): string => {
  if (!URL.canParse(url)) return url.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname}${search === '' ? '' : '?…'}`;
};

/** @returns the service's address without credentials, query, and slash at its end; its user and password as a header, null: none */
export const splitCredentials = (address: URL): { url: string; authorization: string | null } => {
  const { username, password } = address;
  const url = new URL(address);
  url.username = url.password = url.hash = url.search = '';
  const pair = `${decoded(username)}:${decoded(password)}`;
  const authorization = pair === ':' ? null : `Basic ${Buffer.from(pair).toString('base64')}`;
  return { url: url.href.replace(/\/+$/, ''), authorization };
};

/** A `%` that is no escape stands for itself. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
