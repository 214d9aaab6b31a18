// The pages for people that refusals may have in place of problem+json: which page is for which status. Who gets one is in reply.ts.

import type { Fault } from '../base/fault.ts';
import { PageTemplate } from '../base/page-template.ts';

/** Names of files by the statuses that they are for: `404`, `5xx`, `default`. */
export type PageFiles = Readonly<Record<string, string>>;

export interface PageFile {
  readonly name: string;
  readonly text: string;
}

/** For a route without pages, whatever the pages of all routes are. */
export const noPages: PageFiles = { default: '' };

/** The pages of one configuration. Routes name their files, so that a file that has changed needs no route to be compiled again. */
export class ErrorPages {
  private readonly ofAll: PageFiles;
  private readonly pages: ReadonlyMap<string, PageTemplate>;

  /** `files` has every file that `ofAll` or a route names. */
  constructor(ofAll: PageFiles, files: readonly PageFile[]) {
    this.ofAll = ofAll;
    this.pages = new Map(files.map(({ name, text }) => [name, new PageTemplate(text)]));
  }

  /** The page for a refusal with this status, or null. `own` has the pages of the route; null where it has none of its own. */
  pageFor(own: PageFiles | null, status: number): PageTemplate | null {
    const name = (own === null ? undefined : fileFor(own, status)) ?? fileFor(this.ofAll, status);
    return name === undefined ? null : (this.pages.get(name) ?? null);
  }
}

/** The most exact entry wins. */
function fileFor(files: PageFiles, status: number): string | undefined {
  return files[status] ?? files[status < 500 ? '4xx' : '5xx'] ?? files['default'];
}

export function pageText(page: PageTemplate, fault: Fault, requestId: string): string {
  const { code, kind } = fault;
  return page.fill({ status: String(kind.status), title: kind.title, code, requestId });
}
