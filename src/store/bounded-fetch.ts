// One GET or POST for a JSON document to a server that is not an upstream: bounded in time and size, without redirects. For the
// supervisor and for filters that ask an outside server; not for traffic.

export interface BoundedFetchOptions {
  readonly timeoutMs: number;
  readonly bytesMax: number;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** What went wrong, for the operator. The message names the server and contains nothing that was sent or received. */
export class FetchTrouble extends Error {}

/** Returns the JSON object of a 200 response. Throws FetchTrouble for anything else. */
export async function fetchJson(url: string, options: BoundedFetchOptions): Promise<Readonly<Record<string, unknown>>> {
  const where = new URL(url).origin + new URL(url).pathname;
  const { timeoutMs, signal } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const ask = () =>
      fetch(url, {
        method: options.method ?? 'GET',
        headers: { accept: 'application/json', ...options.headers },
        ...(options.body !== undefined && { body: options.body }),
        redirect: 'manual',
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      });
    const response = await ask().catch((error: unknown) => {
      // Because: a server may close an idle connection just when it is used again. Asking twice changes nothing on the server.
      if (codeOf(error) !== 'UND_ERR_SOCKET' && codeOf(error) !== 'ECONNRESET') throw error;
      return ask();
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new FetchTrouble(`${where} answered ${response.status}`);
    }
    return asObject(await boundedText(response, options.bytesMax, where), where);
  } catch (error) {
    if (error instanceof FetchTrouble) throw error;
    throw new FetchTrouble(`${where} ${timeout.aborted ? `did not answer within ${timeoutMs} ms` : reasonOf(error)}`);
  }
}

async function boundedText(response: Response, bytesMax: number, where: string): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > bytesMax) throw new FetchTrouble(`${where} sent more than ${bytesMax} bytes`);
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function asObject(text: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FetchTrouble(`${where} sent something other than JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FetchTrouble(`${where} sent something other than a JSON object`);
  // Because: it is an object, and the names in a JSON object are always texts.
  return value as Readonly<Record<string, unknown>>;
}

/** The code of the error's cause: the error of `fetch` itself only says `fetch failed`. */
function codeOf(error: unknown): unknown {
  const { cause } = error instanceof Error ? error : { cause: undefined };
  return ((cause ?? {}) as { readonly code?: unknown }).code; // Because: system errors have a code, and undefined is a valid result
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (typeof code === 'string') return `cannot be reached (${code})`;
  return `cannot be read (${error instanceof Error ? error.name : 'unknown error'})`;
}
