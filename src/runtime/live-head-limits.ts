// The limits on message heads for connections that outlive a reload: one object per worker, whose fields follow the configuration.

import type { HeadLimits } from '../http/h1/field-lines.ts';

export class LiveHeadLimits implements HeadLimits {
  requestLineBytesMax = 0;
  headerBytesMax = 0;
  headerCountMax = 0;

  become({ requestLineBytesMax, headerBytesMax, headerCountMax }: HeadLimits): void {
    this.requestLineBytesMax = requestLineBytesMax;
    this.headerBytesMax = headerBytesMax;
    this.headerCountMax = headerCountMax;
  }
}
