// The compress filter: decides by the heads of request and response, changes the response head, and passes the body to a compressor.

import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import { HeaderId } from '../../http/header-names.ts';
import type { Headers } from '../../http/headers.ts';
import { addVary } from '../../http/vary.ts';
import { Choice, chooseEncoding, type Encoding } from './accept-encoding.ts';
import { CompressedBody, openStreams } from './compressed-body.ts';
import type { CompressConfig } from './config.ts';
import { ContentTypes } from './content-types.ts';

/** Bodies up to this length are compressed whole, on this thread. */
const WHOLE_BYTES_MAX = 32 * 1024;
/** How many Accept-Encoding values are remembered with their encoding; browsers send few different ones. */
const REMEMBERED_MAX = 256;
/** Longer values are no client's: reading them would take milliseconds, and remembering them memory. Such a client gets bodies as they are. */
const ACCEPTED_LETTERS_MAX = 1_024;

/** Fields that describe the exact bytes or their range. Compressing would make them wrong, and only the origin can compute them. */
const leftAlone = ['content-digest', 'repr-digest', 'digest', 'content-md5', 'content-range'];

export const compressFilter: FilterDefinition<CompressConfig> = {
  name: 'compress',
  build(config, { slot }) {
    const types = new ContentTypes(config.types);
    const choices = new Map<string, Choice>();
    const choiceOf = (headers: Headers): Choice => {
      const accepted = headers.getUnrepeatedById(HeaderId.acceptEncoding);
      if (accepted === undefined) {
        if (!headers.hasReceived(HeaderId.acceptEncoding)) return nothingAccepted;
        // Several fields are one list (RFC 9110 section 5.3). They are rare, and not remembered.
        const list = headers.getJoined('accept-encoding')!;
        return list.length > ACCEPTED_LETTERS_MAX ? nothingAccepted : chooseEncoding(list, config.encodings);
      }
      if (accepted.length > ACCEPTED_LETTERS_MAX) return nothingAccepted;
      const known = choices.get(accepted);
      if (known !== undefined) return known;
      const choice = chooseEncoding(accepted, config.encodings);
      if (choices.size >= REMEMBERED_MAX) choices.clear();
      choices.set(accepted, choice);
      return choice;
    };
    return {
      onRequest(exchange) {
        // Because: the client's preference must be read before another filter changes the header for the upstream.
        exchange.state[slot] = choiceOf(exchange.request.headers);
      },
      onResponse(exchange) {
        const choice = exchange.state[slot];
        exchange.state[slot] = null;
        // Because: a second response comes when the first one failed before it was sent, and replaces it uncompressed.
        if (!(choice instanceof Choice)) {
          if (choice instanceof CompressedBody) choice.close();
          return;
        }
        if (!isTransformable(exchange, types)) return;
        const { headers, status } = exchange.response!;
        addVary(headers, 'Accept-Encoding');
        const { encoding } = choice;
        if (encoding === null) return;
        if (status === 304) {
          weakenTag(headers);
          return;
        }
        const length = lengthOf(exchange);
        if (length !== -1 && length < config.minimum && !choice.identityRefused) return;
        if (length === 0 || tellsOfBytes(headers)) return;
        const whole = length !== -1 && length <= WHOLE_BYTES_MAX;
        if (!whole && openStreams() >= config.maxStreams) return;
        changeHead(exchange, encoding);
        if (!exchange.response!.hasBody) return;
        exchange.response!.filterBody(slot);
        exchange.state[slot] = new CompressedBody(
          encoding,
          config.levels,
          whole ? 'whole' : length === -1 ? 'live' : 'stream',
        );
      },
      onResponseBody(exchange, piece, last) {
        const body = exchange.state[slot];
        if (!(body instanceof CompressedBody)) return undefined;
        return last ? body.end(piece) : body.push(piece);
      },
      onEnd(exchange) {
        const body = exchange.state[slot];
        if (body instanceof CompressedBody) body.close();
      },
    };
  },
};

const nothingAccepted = new Choice(null, false);

/** Whether the response has such a field, in its head or announced as a trailer (RFC 9530 sends digests of streams as trailers). */
function tellsOfBytes(headers: Headers): boolean {
  if (leftAlone.some(field => headers.has(field))) return true;
  const trailers = headers.getJoined('trailer') ?? '';
  return trailers.split(',').some(name => leftAlone.includes(name.trim().toLowerCase()));
}

/**
 * Whether the response is of a kind that could be compressed for some client. A 304 mostly has no type; it must have the Vary and the ETag
 * of its 200 (RFC 9110 section 15.4.5), which may be of a type that is compressed.
 */
function isTransformable(exchange: Exchange, types: ContentTypes): boolean {
  const { headers, status } = exchange.response!;
  if (status < 200 || status === 204 || status === 205 || status === 206) return false;
  const type = headers.getById(HeaderId.contentType);
  if (type === undefined ? status !== 304 : !types.has(type)) return false;
  const encoded = headers.getJoined('content-encoding');
  if (encoded !== undefined && encoded.toLowerCase() !== 'identity') return false;
  return !forbidsTransform(headers) && !forbidsTransform(exchange.request.headers);
}

const noTransform = /(?:^|[\s,])no-transform(?:$|[\s,])/i;

function forbidsTransform(headers: Headers): boolean {
  if (headers.getById(HeaderId.cacheControl) === undefined) return false;
  const directives = headers.getUnrepeatedById(HeaderId.cacheControl) ?? headers.getJoined('cache-control')!;
  return noTransform.test(directives);
}

/** Length of the body in bytes, also of the body that a HEAD omits; -1 when it is not known in advance. */
function lengthOf(exchange: Exchange): number {
  const { contentLength, hasBody, headers } = exchange.response!;
  if (hasBody) return contentLength;
  const announced = headers.getById(HeaderId.contentLength);
  if (announced !== undefined) return Number(announced);
  return exchange.request.method === 'HEAD' ? -1 : 0;
}

function changeHead(exchange: Exchange, encoding: Encoding): void {
  const response = exchange.response!;
  const { headers } = response;
  headers.removeById(HeaderId.contentLength);
  headers.removeById(HeaderId.contentEncoding);
  // Because: a range of the compressed bytes is not a range of the origin's bytes.
  headers.remove('accept-ranges');
  headers.appendTrusted('Content-Encoding', encoding);
  weakenTag(headers);
  response.contentLength = -1;
}

/** Makes a strong ETag weak: a strong one says that the bytes are the same, which is no longer true (RFC 9110 section 8.8.1). */
function weakenTag(headers: Headers): void {
  const tag = headers.getById(HeaderId.etag);
  if (tag === undefined || tag.startsWith('W/')) return;
  headers.removeById(HeaderId.etag);
  headers.appendTrusted('ETag', `W/${tag}`);
}
