// Detects RSA moduli made by a library that generated weak ones (ROCA, CVE-2017-15361): the private key can be computed from the public
// one.

/** The library's primes are powers of 65537 modulo each of these primes. A modulus for which that holds too is hardly chance (2^-27). */
const smallPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
];

let powers: ReadonlyMap<number, ReadonlySet<number>> | null = null;

function powersOf65537(): ReadonlyMap<number, ReadonlySet<number>> {
  powers ??= new Map(
    smallPrimes.map(prime => {
      const residues = new Set<number>();
      for (let residue = 1; !residues.has(residue); residue = (residue * 65_537) % prime) residues.add(residue);
      return [prime, residues];
    }),
  );
  return powers;
}

/** Whether the modulus, as big-endian bytes, has the fingerprint of that library. */
export function isRocaModulus(modulus: Uint8Array): boolean {
  for (const [prime, residues] of powersOf65537()) {
    let rest = 0;
    for (const byte of modulus) rest = (rest * 256 + byte) % prime;
    if (!residues.has(rest)) return false;
  }
  return true;
}
