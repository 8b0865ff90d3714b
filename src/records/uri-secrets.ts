/** Secrets of URIs in texts for people: a user and password before the host, and a query, where signed URLs have their key. */

/**
 * A URI; one letter is a drive of Windows, and no scheme. As a part of a path, it has one slash (`/home/me/https:/host/x`): other
 * names with a colon are folders.
 */
const URI = /([a-z][a-z\d+.-]{1,30}:(?:\/\/|\\\\)|(?:https?|s?ftp|s3|gs|az):[\\/])([^\s"'`<>]+)/gi;
/** In object storage a `?` may be a letter of a name or of a pattern. */
const STORE = /^(?:s3|gs|az)/i;
/** Marks of the sentence that a URI ends. */
const SENTENCE = /[).,;:\]]{0,10}$/;

/** Without a user name and password, `?…` for a query. Takes time in proportion to the text's length. */
export const hideUriSecrets = (text: string): string =>
  text.includes(':/') || text.includes(':\\')
    ? text.replace(URI, (_, scheme: string, rest: string) => scheme + withoutSecrets(scheme, rest))
    : text;

const withoutSecrets = (scheme: string, found: string): string => {
  const end = found.search(SENTENCE);
  const plain = withoutUser(found.slice(0, end));
  const query = plain.search(/[?#]/);
  const hidesQuery = query !== -1 && query < plain.length - 1 && (!STORE.test(scheme) || plain.includes('=', query));
  return (hidesQuery ? `${plain.slice(0, query)}?…` : plain) + found.slice(end);
};

/** A "/", "?" or "#" in a password ends the host for a URL: what follows a colon and is no port is taken for a password. */
const withoutUser = (rest: string): string => {
  const host = /^[^\\/?#]*/.exec(rest)?.[0] ?? '';
  if (host.includes('@')) return rest.slice(host.lastIndexOf('@') + 1);
  if (host.startsWith('[') || !/:(?!\d*$)/.test(host)) return rest;
  const at = rest.lastIndexOf('@');
  return at === -1 ? '…' : rest.slice(at + 1);
};
