// What a filter's schema says of its place in the document. config/ tells it the operator; shape only.

/** The keys of the document under which stands what others name or need. */
export type PartKey = 'listeners' | 'upstreams' | 'stores' | 'consumers' | 'plans' | 'filters' | 'routes';

/** An error unless it says otherwise. */
export interface PlaceProblem {
  /** Leads into the filter's configuration. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly severity?: 'warning';
  /** Where something is missing that may stand there all the same, under a key that is misspelt or in a file that cannot be read. */
  readonly absentFrom?: PartKey;
}
