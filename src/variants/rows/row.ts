/** A row with what most rows have in common filled in. */
import type { CatalogueRow } from '../catalogue-row.js';
import type { WrittenOptions } from '../options.js';

type Given = Pick<CatalogueRow, 'kind' | 'description' | 'point'> &
  Partial<CatalogueRow> & { readonly preset?: WrittenOptions; readonly opposite?: WrittenOptions };

/** A row of the Go sidecar. */
export function sidecarRow({ preset = {}, opposite = {}, ...row }: Given): CatalogueRow {
  return {
    counterpart: 'plain',
    expectations: [],
    needsTwoCores: null,
    needs: [],
    caveat: null,
    form: { type: 'sidecar', preset, opposite },
    ...row,
  };
}
