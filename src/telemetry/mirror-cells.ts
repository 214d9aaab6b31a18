// Where the copies of a route's requests are counted in a block of metric cells.

/** Cells of a mirror's block. */
export const MirrorCell = {
  /** The copy got a response. */
  answered: 0,
  failed: 1,
  /** The copy was not sent, because as many as may wait did. */
  dropped: 2,
  /** The request's body was larger than what is copied. */
  tooLarge: 3,
  same: 4,
  statusDiffers: 5,
  headersDiffer: 6,
  bodyDiffers: 7,
  /** One of the responses was incomplete, or too large to compare. */
  notCompared: 8,
} as const;

export const MIRROR_CELLS = MirrorCell.notCompared + 1;
