/** Intel QuickAssist's PCI ids and Kubernetes' names for its services. */

/** Intel's PCI vendor id. It is on many other devices and says nothing alone. */
export const INTEL = '8086';

/** Device ids of physical functions, with the kernel driver's name (drivers/crypto/intel/qat, and the vendor's own). */
export const PHYSICAL_IDS: Readonly<Record<string, string>> = {
  '0435': 'dh895xcc',
  '37c8': 'c6xx',
  '4940': '4xxx',
  '4942': '401xx',
  '4944': '402xx',
  '4946': '420xx',
  '4948': '6xxx',
};

/** Device ids of virtual functions, with the same names. */
export const VIRTUAL_IDS: Readonly<Record<string, string>> = {
  '0443': 'dh895xcc',
  '37c9': 'c6xx',
  '4941': '4xxx',
  '4943': '401xx',
  '4945': '402xx',
  '4947': '420xx',
  '4949': '6xxx',
  '19e3': 'c3xxx',
  '18a1': 'c4xxx',
  '6f55': 'd15xx',
};

/** Extended resources that Intel's device plugin offers, those first that can do what TLS needs of private keys. */
const TLS_RESOURCES = ['asym', 'cy', 'asym-dc', 'generic'].map((service) => `qat.intel.com/${service}`);
const OTHER_RESOURCES = ['sym', 'sym-dc', 'dc'].map((service) => `qat.intel.com/${service}`);

/**
 * The extended resource to ask for on a node with `allocatable`, or why there is none. `cy` and `generic` do private keys
 * among others; `sym`, `sym-dc` and `dc` do not.
 */
export function kubernetesResource(
  allocatable: Readonly<Record<string, string>>,
): { readonly resource: string; readonly count: number } | { readonly reason: string } {
  const countOf = (name: string) => {
    const count = Number(allocatable[name] ?? '0');
    return Number.isInteger(count) && count > 0 ? count : 0;
  };
  for (const resource of TLS_RESOURCES) {
    if (countOf(resource) > 0) return { resource, count: countOf(resource) };
  }
  const others = OTHER_RESOURCES.filter((name) => countOf(name) > 0);
  return {
    reason:
      others.length > 0
        ? `the node offers ${others.join(', ')}, none of which does private keys`
        : `the node offers none of ${TLS_RESOURCES.join(', ')}`,
  };
}
