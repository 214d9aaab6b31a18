// Which function handles which event of an exchange: with this table the exchange need not know its steps.

import { admitted } from './admission/admitted.ts';
import { notAdmitted } from './admission/gates.ts';
import { onConnection } from './attempt.ts';
import {
  deadlineReached,
  informational,
  noConnection,
  replaceResponse,
  requestBlocked,
  requestBody,
  requestDrained,
  requestEnd,
  requestFault,
  responseBlocked,
  responseBody,
  responseDrained,
  responseEnd,
  responseHead,
  upstreamFault,
} from './pump.ts';
import { retryDue } from './retry.ts';
import type { ExchangeSteps } from './services.ts';

export const steps: ExchangeSteps = {
  requestBody,
  requestEnd,
  requestFault,
  responseBlocked,
  responseDrained,
  informational,
  responseHead,
  responseBody,
  responseEnd,
  upstreamFault,
  replaceResponse,
  requestBlocked,
  requestDrained,
  connection: onConnection,
  noConnection,
  deadlineReached,
  admitted,
  notAdmitted,
  retryDue,
};
