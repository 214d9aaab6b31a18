// A browser as far as redirects, cookies and forms go: enough to log in at a provider. Ports share cookies, as they do in browsers.

import { request } from 'undici';

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export class FormBrowser {
  /** Cookies by name and path. */
  private readonly cookies = new Map<
    string,
    { readonly name: string; readonly value: string; readonly path: string }
  >();
  /** Every Set-Cookie line received. */
  readonly setCookies: string[] = [];

  /** Requests a page and follows redirects, but stops before a URL that begins with `stopBefore`. */
  async open(
    url: string,
    options: {
      readonly stopBefore?: string;
      readonly form?: Record<string, string>;
      readonly headers?: Record<string, string>;
    } = {},
  ): Promise<Page> {
    let page = await this.send(url, options.form, options.headers);
    for (let hops = 0; page.status >= 300 && page.status < 400 && hops < 20; hops++) {
      const next = new URL(page.headers.get('location')!, page.url).href;
      if (options.stopBefore !== undefined && next.startsWith(options.stopBefore)) return page;
      page = await this.send(next);
    }
    return page;
  }

  /** Goes through the provider's login and consent pages as this user; `page` is the first of them. */
  async logIn(page: Page, user: string, stopBefore?: string): Promise<Page> {
    let at = page;
    for (let step = 0; step < 5 && /\/interaction\//.test(at.url); step++) {
      const form: Record<string, string> = /name="login"/.test(at.text)
        ? { prompt: 'login', login: user, password: 'x' }
        : { prompt: 'consent' };
      at = await this.open(at.url, { form, ...(stopBefore !== undefined && { stopBefore }) });
    }
    return at;
  }

  cookie(name: string): string | undefined {
    return [...this.cookies.values()].find(each => each.name === name)?.value;
  }

  setCookie(name: string, value: string): void {
    this.cookies.set(`${name} /`, { name, value, path: '/' });
  }

  get cookieNames(): string[] {
    return [...new Set([...this.cookies.values()].map(({ name }) => name))];
  }

  private async send(url: string, form?: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    const { pathname } = new URL(url);
    const sent = [...this.cookies.values()]
      .filter(({ path }) => pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`);
    // Because: fetch adds Sec-Fetch headers that mark the request as no navigation.
    const response = await request(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'text/html',
        ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(sent.length > 0 && { cookie: sent.join('; ') }),
        ...headers,
      },
      body: form === undefined ? null : new URLSearchParams(form).toString(),
    });
    const fields = new Headers();
    for (const [name, value] of Object.entries(response.headers)) {
      for (const each of [value ?? []].flat()) fields.append(name, each);
    }
    for (const line of [response.headers['set-cookie'] ?? []].flat()) this.keep(line);
    return { url, status: response.statusCode, headers: fields, text: await response.body.text() };
  }

  private keep(line: string): void {
    this.setCookies.push(line);
    const [pair, ...attributes] = line.split(/; */) as [string, ...string[]];
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    const path = attributes.find(each => /^path=/i.test(each))?.slice(5) ?? '/';
    const ended =
      attributes.some(each => /^max-age=0$/i.test(each)) ||
      attributes.some(each => /^expires=/i.test(each) && Date.parse(each.slice(8)) < Date.now());
    if (ended) this.cookies.delete(`${name} ${path}`);
    else this.cookies.set(`${name} ${path}`, { name, value, path });
  }
}
