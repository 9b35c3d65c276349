/** What the bound on offloading needs of the variants. */
import { catalogueRow, declaredOptions } from '../variants/index.js';
import type { Check } from './disagreement.js';

export const checkOffloadCeiling: Check = ({ top, variants }) => {
  if (top.offloadCeiling === undefined || top.variants === undefined) return [];
  const secured = variants.some(({ id, kind, options }) => {
    const row = catalogueRow(kind ?? id ?? '');
    if (row?.form.type !== 'sidecar') return false;
    return declaredOptions(row, options ?? {})?.mtls !== 'none';
  });
  return secured
    ? []
    : [
        {
          path: ['offloadCeiling'],
          message:
            '`offloadCeiling` needs a Go sidecar that speaks TLS, and no variant is one; add such as `{id: tls-ecdsa}` or leave it out',
        },
      ];
};
