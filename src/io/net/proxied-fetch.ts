/** The program's own requests, through the environment's proxy. URLs that a server's clients name never use it. */
import { env } from 'node:process';
import type { Dispatcher } from 'undici';
import { messageOf, RefineError } from '../../errors.js';
import { bypassesProxy } from './no-proxy.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** '' for none. Without `httpsProxy`, `httpProxy` is used for both. */
export interface Proxies {
  httpProxy: string;
  httpsProxy: string;
  noProxy: string;
  /** The variable for both kinds of addresses if it cannot be used, and one kind has none of its own. */
  unread?: { name: string; protocol: 'http:' | 'https:'; message: string };
}

/** `fetch` with HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, also in lower case. @throws as `fetch`, and USAGE_OPTION_INVALID */
export const proxiedFetch: typeof fetch = async (input, init) => {
  const proxies = readProxies(env);
  if (proxies === null) return fetch(input, init);
  refuseUnread(new URL(input instanceof Request ? input.url : input), proxies);
  return (await through(proxies))(input, init);
};

/** null if no proxy is set. @throws USAGE_OPTION_INVALID if one is not an address */
export const readProxies = (from: Environment): Proxies | null => {
  const named = (...names: string[]): Named | null => {
    const name = names.find((candidate) => (from[candidate] ?? '').trim() !== '');
    return name === undefined ? null : { name, text: (from[name] ?? '').trim() };
  };
  const [http, https] = [named('http_proxy', 'HTTP_PROXY'), named('https_proxy', 'HTTPS_PROXY')];
  const all = named('all_proxy', 'ALL_PROXY');
  const noProxy = from['no_proxy'] ?? from['NO_PROXY'] ?? '';
  /* A variable of its own decides for its kind of addresses: then another one, such as of a SOCKS proxy, is not asked. */
  const fault = all === null || (http !== null && https !== null) ? null : faultOf(all);
  if (all !== null && fault !== null && (http ?? https) !== null) {
    const protocol = http === null ? 'http:' : 'https:';
    const unread = { name: all.name, protocol, message: fault } as const;
    return { httpProxy: addressOf(http), httpsProxy: addressOf(https), noProxy, unread };
  }
  const [httpProxy, httpsProxy] = [addressOf(http ?? all), addressOf(https ?? all)];
  return httpProxy === '' && httpsProxy === '' ? null : { httpProxy, httpsProxy, noProxy };
};

/** A variable that is set. */
interface Named {
  name: string;
  text: string;
}

/** `proxy.example:3128` is an address too, as in other programs. */
const urlOf = (text: string): string => (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);

/** Why a variable is no proxy that can be used; it is not quoted, since it may contain a password. */
const faultOf = ({ name, text }: Named): string | null => {
  const url = urlOf(text);
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return null;
  const found = /^socks/i.test(url)
    ? ', found a SOCKS proxy, which is not supported. Set HTTPS_PROXY and HTTP_PROXY'
    : '. Correct it';
  return `Expected the variable ${name} to be the address of a proxy, such as http://proxy.example:3128 (http or https)${found}, or unset it`;
};

/** '' for none. @throws USAGE_OPTION_INVALID */
const addressOf = (named: Named | null): string => {
  if (named === null) return '';
  const fault = faultOf(named);
  if (fault !== null) throw new RefineError('USAGE_OPTION_INVALID', fault, { context: { variable: named.name } });
  return urlOf(named.text);
};

/** @throws USAGE_OPTION_INVALID for an address whose proxy cannot be used: without it, the request would go around the proxy */
const refuseUnread = (url: URL, { unread, noProxy }: Proxies): void => {
  if (unread?.protocol !== url.protocol || bypassesProxy(url, noProxy)) return;
  throw new RefineError('USAGE_OPTION_INVALID', unread.message, { context: { variable: unread.name } });
};

/** Connections are kept, as `fetch` keeps its own. */
let kept: { key: string; request: typeof fetch } | undefined;

const through = async (proxies: Proxies): Promise<typeof fetch> => {
  const key = JSON.stringify(proxies);
  if (kept?.key !== key) kept = { key, request: await openProxies(proxies) };
  return kept.request;
};

/** undici is loaded only for a proxy: loading it takes longer than the rest of a request. */
const openProxies = async (proxies: Proxies): Promise<typeof fetch> => {
  const { httpProxy, httpsProxy, noProxy } = proxies;
  const { Agent, Dispatcher, fetch: request, ProxyAgent } = await import('undici');
  /* The function that Node has as `fetch`, of another version. */
  const send = request as unknown as (input: unknown, init: unknown) => Promise<Response>;
  const direct = new Agent();
  const by = (uri: string, proxyTunnel = true): Dispatcher =>
    uri === '' ? direct : new ProxyAgent({ uri, proxyTunnel });
  const agents = {
    https: by(httpsProxy === '' ? httpProxy : httpsProxy),
    http: by(httpProxy),
    forwarder: by(httpProxy, false),
  };
  let forwards = false;
  const agentFor = (origin: URL): Dispatcher => {
    if (bypassesProxy(origin, noProxy)) return direct;
    refuseUnread(origin, proxies);
    if (origin.protocol === 'https:') return agents.https;
    return forwards ? agents.forwarder : agents.http;
  };
  /* Chosen for each hop: a redirect may lead past the proxy, or to it. */
  class Chooser extends Dispatcher {
    /** Of the last hop: the one that failed, if the request failed. */
    agent: Dispatcher = direct;

    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandlers): boolean {
      this.agent = agentFor(new URL(String(options.origin)));
      return this.agent.dispatch(options, handler);
    }
  }
  const attempt: typeof fetch = async (input, init) => {
    const dispatcher = new Chooser();
    try {
      return await send(input, { ...init, dispatcher });
    } catch (thrown) {
      const status = refusedTunnel(thrown);
      if (status === null) throw thrown;
      /* Many proxies open tunnels only to port 443, and forward plain requests instead. */
      if (dispatcher.agent === agents.http) {
        forwards = true;
        return attempt(input, init);
      }
      throw refused(status, thrown);
    }
  };
  return attempt;
};

/** The proxy's status for a refused CONNECT; null if something else failed. undici puts it in the cause of the cause. */
const refusedTunnel = (thrown: unknown): string | null => {
  for (let error = thrown; typeof error === 'object' && error !== null; error = (error as { cause?: unknown }).cause) {
    const status = /Proxy response \((\d+)\)/.exec(messageOf(error))?.[1];
    if (status !== undefined) return status;
  }
  return null;
};

/** An error like fetch's own, with the reason in its cause. */
const refused = (status: string, cause: unknown): TypeError =>
  new TypeError('fetch failed', { cause: new Error(`the proxy refused the connection (HTTP ${status})`, { cause }) });
