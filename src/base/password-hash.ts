// Password hashes in the PHC string format for argon2id and scrypt, made and verified off the event loop. Keeps no password.

import { argon2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** A hash with the parameters that it was made with. `memoryKib` is the memory that one verification takes. */
export interface PasswordHash {
  readonly algorithm: 'argon2id' | 'scrypt';
  readonly memoryKib: number;
  /** The number of passes for argon2id; the block size `r` for scrypt. */
  readonly cost: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export const passwordHashExpected =
  'expected the hash of a password: $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH or $scrypt$ln=15,r=8,p=1$SALT$HASH, as `cardea password` prints it';

/** A message for a text that is not such a hash. Shows nothing of the text, which may be a password. */
export function passwordHashProblem(text: string): string {
  // The forms that htpasswd and web frameworks produce.
  const kind = /^\$2[abxy]?\$/.test(text) ? 'bcrypt' : /^(\$(apr1|1|5|6)\$|\{S?SHA)/.test(text) ? 'htpasswd' : null;
  return kind === null ? passwordHashExpected : `${kind} hashes are not checked here: ${passwordHashExpected}`;
}

/** Upper limits: with more, a few logins could use up the machine. */
const MEMORY_KIB_MAX = 1_048_576;
const COST_MAX = 64;
const PARALLELISM_MAX = 16;

const argon2Form =
  /^\$argon2id\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;
const scryptForm =
  /^\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Null for a text that is not such a hash, and for a hash that costs too much to verify. */
export function parsePasswordHash(text: string): PasswordHash | null {
  const match = argon2Form.exec(text) ?? scryptForm.exec(text);
  if (match === null) return null;
  const [, first, second, third, salt = '', hash = ''] = match;
  const isArgon = text.startsWith('$argon2id');
  const cost = Number(second);
  const parallelism = Number(third);
  const memoryKib = isArgon ? Number(first) : Math.ceil((128 * 2 ** Number(first) * cost * parallelism) / 1_024);
  const isSound =
    cost >= 1 &&
    cost <= COST_MAX &&
    parallelism >= 1 &&
    parallelism <= PARALLELISM_MAX &&
    memoryKib <= MEMORY_KIB_MAX &&
    (isArgon ? memoryKib >= 8 * parallelism : Number(first) >= 1);
  if (!isSound) return null;
  return {
    algorithm: isArgon ? 'argon2id' : 'scrypt',
    memoryKib,
    cost,
    parallelism,
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

/** Whether the password matches. Takes tens of milliseconds of a thread of Node's pool, and `memoryKib` of memory. */
export async function verifyPassword(known: PasswordHash, password: string): Promise<boolean> {
  return timingSafeEqual(await derive(known, password), known.hash);
}

/** Hashes a password with the settings that OWASP recommends first: argon2id with 19 MiB and two passes. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const made = {
    algorithm: 'argon2id',
    memoryKib: 19_456,
    cost: 2,
    parallelism: 1,
    salt,
    hash: Buffer.alloc(32),
  } as const;
  const hash = await derive(made, password);
  return `$argon2id$v=19$m=${made.memoryKib},t=${made.cost},p=${made.parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function derive(
  { algorithm, memoryKib, cost, parallelism, salt, hash }: PasswordHash,
  password: string,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, derived: Buffer): void => (error === null ? resolve(derived) : reject(error));
    if (algorithm === 'argon2id') {
      const parameters = {
        message: password,
        nonce: salt,
        parallelism,
        tagLength: hash.length,
        memory: memoryKib,
        passes: cost,
      };
      argon2('argon2id', parameters, done);
    } else {
      const N = (memoryKib * 1_024) / (128 * cost * parallelism);
      scrypt(password, salt, hash.length, { N, r: cost, p: parallelism, maxmem: memoryKib * 2_048 + 1_048_576 }, done);
    }
  });
}
