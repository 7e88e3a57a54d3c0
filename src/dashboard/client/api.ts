// What the page asks its server. The token came after the # of the address, which no server sees; it is kept for this tab alone
// and sent in a header, so nothing happens in a person's name without this page.

const KEY = 'tribune-token';

/** Takes the token from the address, if it stands there, and cleans the address; a run named beside it is kept. */
export function takeToken(): void {
  const found = /^#token=([\w-]+)(&run=[^&]+)?$/.exec(location.hash);
  if (found === null) return;
  sessionStorage.setItem(KEY, found[1] ?? '');
  history.replaceState(null, '', `#/runs${found[2]?.replace('&', '?') ?? ''}`);
}

/** Sets the token a person typed or pasted, also as the whole address. */
export function setToken(text: string): void {
  sessionStorage.setItem(
    KEY,
    text
      .trim()
      .replace(/^.*#token=/, '')
      .replace(/&.*$/, ''),
  );
}

/** What the server refused. `status` 0: it could not be reached. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(status: number, what: string) {
    super(what);
    this.status = status;
  }
}

type Query = { readonly [name: string]: string | number | readonly string[] | undefined };

function encode(query: Query): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) pairs.append(name, String(one));
  }
  return pairs.size === 0 ? '' : `?${pairs}`;
}

async function ask<T>(path: string, query: Query, init: RequestInit): Promise<T> {
  const headers = { authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ''}`, 'content-type': 'application/json' };
  const response = await fetch(`/api/${path}${encode(query)}`, { ...init, headers }).catch((fault: unknown) => {
    if (init.signal?.aborted) throw fault;
    throw new ApiError(0, 'The dashboard does not answer. Is `tribune dashboard` still running?');
  });
  const body: unknown = await response.json().catch(() => ({}));
  if (response.ok) return body as T;
  const told = typeof body === 'object' && body !== null && 'fault' in body ? String(body.fault) : response.statusText;
  throw new ApiError(response.status, told);
}

/** Reads. Throws ApiError. */
export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return ask<T>(path, query, signal === undefined ? {} : { signal });
}

/** Does. Throws ApiError. */
export function post<T>(path: string, query: Query, body: unknown): Promise<T> {
  return ask<T>(path, query, { method: 'POST', body: JSON.stringify(body) });
}
