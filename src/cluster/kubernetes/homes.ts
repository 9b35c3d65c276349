/** The homes of a run's variants: each is made when it is first asked for, and all of them go at the end. */
import type { VariantSpec } from '../../variants/index.js';
import type { Connection } from './connection.js';
import { type Home, homeFor, makeHome, removeHomes } from './home.js';

export interface Homes {
  /** The variant's, once it is there. Throws CLUSTER. */
  of(variant: VariantSpec): Promise<Home>;
  /** Which one of the run the variant's is, from 0. */
  placeOf(variant: VariantSpec): number;
  /** Removes all that were made, or are being made. Throws CLUSTER. */
  remove(): Promise<void>;
}

/** No home is made yet. `namespace` is one that is there already, for all; null where each has its own; `agents`: how many pods load a variant. */
export function homesOf(
  connection: Connection,
  run: string,
  namespace: string | null,
  until: Date,
  agents: number,
  secretsOf: (variant: VariantSpec) => Promise<Record<string, string>>,
): Homes {
  const homes = new Map<string, { readonly home: Home; readonly made: Promise<void> }>();
  return {
    of: async (variant) => {
      let known = homes.get(variant.id);
      if (known === undefined) {
        const home = homeFor(run, variant, homes.size, namespace);
        const made = secretsOf(variant).then((secrets) =>
          makeHome(connection, run, home, secrets, until, agents),
        );
        known = { home, made };
        homes.set(variant.id, known);
      }
      await known.made;
      return known.home;
    },
    placeOf: ({ id }) => [...homes.keys()].indexOf(id),
    remove: async () => {
      await Promise.allSettled([...homes.values()].map(({ made }) => made));
      const own = [...homes.values()].map(({ home }) => home);
      await removeHomes(connection, run, own);
    },
  };
}
