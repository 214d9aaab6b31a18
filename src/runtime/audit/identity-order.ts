// Finds filters that depend on the caller but run before the caller is identified, such as a limit by consumer before the identity filter.

import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import type { Config, RouteConfig } from '../../config/config.ts';
import type { FilterSchema } from '../../config/schemas/filter-schema.ts';
import type { AuditFinding } from './audit-report.ts';

export function identityOrderProblems(
  config: Config,
  route: RouteConfig,
  definitions: FilterDefinitions,
  languages: ReadonlyMap<string, FilterSchema>,
): AuditFinding[] {
  const chain = [...config.filters, ...route.filters];
  const identifies = ({ name }: { readonly name: string }) => {
    const definition = definitions.get(name);
    return definition?.identityHeaders !== undefined || definition?.inner !== undefined;
  };
  const first = chain.findIndex(identifies);
  return chain.flatMap((filter, at): AuditFinding[] => {
    if (first !== -1 && at > first) return [];
    if (languages.get(filter.name)?.dependsOnCaller?.(filter.config) !== true) return [];
    const message =
      first === -1
        ? `${filter.name} depends on the caller, and no filter of this route identifies it`
        : `${filter.name} depends on the caller and runs before ${chain[first]!.name}, which identifies it`;
    return [{ code: 'identity_too_late', by: '', message }];
  });
}
