// Fetches for the client libraries, which read a response of any size: a provider that does not stop sending must not fill the worker's
// memory. Knows nothing of what is fetched.

/** Far above any metadata, key set or token response. */
const ANSWER_BYTES_MAX = 1_024 * 1_024;

/** What the libraries ask for. */
type Question = Omit<RequestInit, 'body'> & { readonly body?: RequestInit['body'] | undefined };

/** As `fetch`, but reading a body above the limit fails. */
export async function fetchBounded(url: string, question: Question): Promise<Response> {
  const response = await fetch(url, { ...question, body: question.body ?? null });
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  let bytes = 0;
  const bound = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      bytes += piece.length;
      if (bytes > ANSWER_BYTES_MAX) controller.error(new TypeError(`it sent more than ${ANSWER_BYTES_MAX} bytes`));
      else controller.enqueue(piece);
    },
  });
  return new Response(body.pipeThrough(bound), { status, statusText, headers });
}
