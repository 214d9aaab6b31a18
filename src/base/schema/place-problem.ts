// What a filter's schema reports about its place in the document. Type only; config/ shows it to the operator.

/** The keys of the document whose entries other parts name or need. */
export type PartKey = 'listeners' | 'upstreams' | 'stores' | 'consumers' | 'plans' | 'chains' | 'filters' | 'routes';

/** An error unless `severity` says otherwise. */
export interface PlaceProblem {
  /** Path within the filter's configuration. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly severity?: 'warning';
  /**
   * The part of the document from which something is missing. It may exist nevertheless, under a misspelt key or in a file that cannot be
   * read.
   */
  readonly absentFrom?: PartKey;
}
