// What can go wrong with a Tinker server, sorted by what the caller can do about it. Not here: trying again (transport.ts).

/**
 * - `refused`: the request is wrong and will stay wrong (status 400, 422, or the engine said so);
 * - `denied`: key, money or rights (401, 402, 403);
 * - `conflict`: a name or a sequence number is taken (409): somebody else drives this model, or a retry came twice;
 * - `lost`: the server no longer knows the session, the model or the request, or may or may not have worked on it: begin anew
 *   from a checkpoint;
 * - `outage`: no answer, however often it was tried;
 * - `late`: not done by the caller's deadline;
 * - `garbled`: an answer that is not what the API says, or holds numbers that are none.
 */
export type FaultKind = 'refused' | 'denied' | 'conflict' | 'lost' | 'outage' | 'late' | 'garbled';

/** A request to a Tinker server that came to nothing. `status` 0: no answer of HTTP. */
export class TinkerError extends Error {
  override readonly name = 'TinkerError';
  readonly kind: FaultKind;
  readonly status: number;
  constructor(kind: FaultKind, message: string, status = 0) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

/** Whether a run that is resumed from its last checkpoint could go on. */
export const isMendable = (error: unknown): error is TinkerError =>
  error instanceof TinkerError && (error.kind === 'lost' || error.kind === 'outage' || error.kind === 'late');

/** What a body says went wrong, on one line: `detail` (text or list), `error`, or the text itself. */
export function readDetail(body: string): string {
  const line = (text: string): string => text.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return line(body);
    const found = Object.entries(value).find(([key]) => key === 'detail' || key === 'error' || key === 'message')?.[1];
    return line(typeof found === 'string' ? found : JSON.stringify(found ?? value));
  } catch {
    return line(body.slice(0, 1000));
  }
}

/** A status that ends the matter. */
export function faultOf(path: string, status: number, body: string): TinkerError {
  const text = `${path}: status ${status} (${readDetail(body)})`;
  if (status === 401 || status === 402 || status === 403) return new TinkerError('denied', text, status);
  if (status === 409) return new TinkerError('conflict', text, status);
  if (status === 404 || status === 410) return new TinkerError('lost', text, status);
  if (/not loaded|has been unloaded|session .*(expired|ended|not found)/i.test(body))
    return new TinkerError('lost', text, status);
  if (status >= 500 || status === 408 || status === 425 || status === 429)
    return new TinkerError('outage', text, status);
  return new TinkerError('refused', text, status);
}
