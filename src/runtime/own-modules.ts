// Resolves the package's own modules without Node's search: a relative import is exactly the file that it names. Node would look for
// links, package.json files and formats for each of about three hundred modules, which is a third of what loading them costs.

import { registerHooks } from 'node:module';
import { dirname, extname } from 'node:path';
import { pathToFileURL } from 'node:url';

/** `src/` in a checkout, `dist/` in the package. */
const root = `${pathToFileURL(dirname(import.meta.dirname)).href}/`;
/** File extension of the own modules, and the module format that Node has for it. */
const ending = extname(import.meta.url);
const format = ending === '.ts' ? 'module-typescript' : 'module';

/** The module of zod with messages in sixty languages. Never used here, but loaded together with zod. */
const messagesOfZod = '../locales/index.js';
const noMessages = 'data:text/javascript,';

/** To be called once per thread, before importing the modules that are to be resolved this way. */
export function findOwnModulesQuickly(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const { parentURL = '' } = context;
      if (specifier.startsWith('.') && specifier.endsWith(ending) && parentURL.startsWith(root))
        return { url: new URL(specifier, parentURL).href, format, shortCircuit: true };
      if (specifier === messagesOfZod && parentURL.includes('/zod/v4/'))
        return { url: noMessages, format: 'module', shortCircuit: true };
      return next(specifier, context);
    },
  });
}
