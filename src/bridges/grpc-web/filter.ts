// The grpcWeb bridge: translates a gRPC-Web call into a gRPC call, and the response with its status into one that a browser can read.

import { Fault } from '../../base/fault.ts';
import { eventCells } from '../../exchange/event-cells.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition } from '../../exchange/filter.ts';
import { grpcFields } from '../../exchange/grpc-answer.ts';
import { HeaderId } from '../../http/header-names.ts';
import { Base64Decoder, base64Piece } from './base64-pieces.ts';
import type { GrpcWebConfig } from './config.ts';
import { trailerFrame } from './trailer-frame.ts';

/** `application/grpc-web` or `application/grpc-web-text`, optionally with the message format after a plus sign. */
const webType = /^application\/grpc-web(-text)?(\+[a-z0-9.-]+)?(?:;|$)/i;

const malformed = new Fault(
  'malformed_body',
  'The body is not valid base64, which application/grpc-web-text requires.',
);
const empty = Buffer.alloc(0);

/** The filter's state of one gRPC-Web call. */
interface Call {
  readonly text: boolean;
  /** Suffix of the content type that names the message format, such as `+proto`; empty when there is none. */
  readonly format: string;
  readonly decoder: Base64Decoder;
  /** The response is the gateway's own refusal, of which only the status frame is sent. */
  refused: boolean;
}

const events = ['binary', 'text', 'malformed'] as const;

export const grpcWebFilter: FilterDefinition<GrpcWebConfig> = {
  name: 'grpcWeb',
  events,
  build(_config, services): Filter {
    const { slot, worker } = services;
    const { cells } = worker;
    const eventCell = eventCells(events, services);
    // Because: only this filter writes its slot.
    const callOf = (exchange: Exchange) => exchange.state[slot] as Call | undefined;
    return {
      onRequest(exchange) {
        const { headers, method } = exchange.request;
        const type = headers.getById(HeaderId.contentType);
        const match = method === 'POST' && type !== undefined ? webType.exec(type) : null;
        if (match === null) return;
        const call: Call = {
          text: match[1] !== undefined,
          format: match[2] ?? '',
          decoder: new Base64Decoder(),
          refused: false,
        };
        exchange.state[slot] = call;
        cells[call.text ? eventCell.text : eventCell.binary]!++;
        headers.set('content-type', `application/grpc${call.format}`);
        headers.remove('x-grpc-web');
        headers.remove('accept');
        // Because: the status frame cannot be appended to a compressed response.
        headers.remove('accept-encoding');
      },
      onRequestBody(exchange, piece, last) {
        const call = callOf(exchange);
        if (call?.text !== true) return undefined;
        try {
          const decoded = call.decoder.push(piece);
          if (last) call.decoder.end();
          return decoded;
        } catch {
          cells[eventCell.malformed]!++;
          exchange.refuse(malformed);
          return empty;
        }
      },
      onResponse(exchange) {
        const call = callOf(exchange);
        const response = exchange.response!;
        if (call === undefined) return;
        const { headers } = response;
        call.refused = exchange.answeredBy === 'gateway' && exchange.fault !== null;
        const ownType = `application/grpc-web${call.text ? '-text' : ''}${call.format}`;
        if (call.refused) {
          response.status = 200;
          for (const [field, value] of grpcFields(exchange.fault!)) headers.set(field.toLowerCase(), value);
        } else if (headers.getById(HeaderId.contentType)?.startsWith('application/grpc') !== true) return;
        headers.set('content-type', ownType);
        if (!response.hasBody) return;
        response.contentLength = -1;
        headers.removeById(HeaderId.contentLength);
        response.filterBody(slot);
      },
      onResponseBody(exchange, piece, last) {
        const call = callOf(exchange);
        if (call === undefined) return undefined;
        const framed = call.refused ? empty : piece;
        const whole = last ? Buffer.concat([framed, statusFrame(exchange, call)]) : framed;
        return call.text ? base64Piece(whole) : whole;
      },
    };
  },
};

/** Makes the frame that follows the messages; empty without trailers. Takes the trailers from the exchange: they are not sent twice. */
function statusFrame(exchange: Exchange, call: Call): Buffer {
  const { responseTrailers } = exchange;
  exchange.responseTrailers = null;
  if (call.refused) return trailerFrame(grpcFields(exchange.fault!).slice(1));
  return responseTrailers === null ? empty : trailerFrame(responseTrailers);
}
