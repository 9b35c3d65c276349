/** A mesh of the tests' own: a mutating webhook that puts a proxy before the service of every pod that asks for one. */
import type { webcrypto } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import 'reflect-metadata';
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { z } from 'zod';
import type { TestCluster } from './test-cluster.js';

/** Namespaces with this label have the proxy put into their pods. */
export const MESH_LABEL = 'meshmark-test-mesh';
export const MESH_PROXY = 'mesh-proxy';
/** Where the service listens once the proxy has its port. */
const MOVED = '127.0.0.1:18080';

const container = z.looseObject({ name: z.string(), image: z.string(), command: z.array(z.string()) });
const review = z.object({
  request: z.object({
    uid: z.string(),
    object: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({ containers: z.array(container) }),
    }),
  }),
});

/** Brings the mesh into a cluster whose API server is on this machine; `bypassed` leaves the service where it was, past the proxy. */
export async function startTestMesh(
  cluster: TestCluster,
  name: string,
  { bypassed }: { readonly bypassed: boolean },
): Promise<{ close(): void }> {
  const { certificate, key } = await ownCertificate();
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { uid, object } = review.parse(JSON.parse(Buffer.concat(chunks).toString('utf8'))).request;
      const patch = patchOf(object, bypassed);
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: {
            uid,
            allowed: true,
            patchType: 'JSONPatch',
            patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
          },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  cluster.apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: `${name}.meshmark.test`,
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(certificate).toString('base64'),
        },
        namespaceSelector: { matchLabels: { [MESH_LABEL]: name } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
    ],
  });
  return {
    close: () => {
      cluster.kubectl('delete', 'mutatingwebhookconfiguration', name);
      server.close();
      server.closeAllConnections();
    },
  };
}

function patchOf(
  { metadata, spec }: z.infer<typeof review>['request']['object'],
  bypassed: boolean,
): readonly object[] {
  const index = spec.containers.findIndex((one) => one.name === 'service');
  const service = spec.containers[index];
  if (metadata.labels['meshmark.dev/side'] !== 'service' || service === undefined) return [];
  const { command } = service;
  const at = command.indexOf('--listen') + 1;
  const proxy = {
    ...service,
    name: MESH_PROXY,
    env: [],
    command: [
      ...['/dataplane', 'sidecar', '--role', 'inbound', '--admin', '127.0.0.1:19799'],
      ...['--listen', bypassed ? '0.0.0.0:18081' : (command[at] ?? ''), '--upstream', MOVED],
    ],
  };
  // As meshes lead traffic before their proxies start; this one has nothing to do.
  const prepares = { ...proxy, name: 'mesh-init', command: ['/dataplane', 'about'] };
  return [
    { op: 'add', path: '/spec/initContainers/0', value: prepares },
    { op: 'add', path: '/spec/containers/-', value: proxy },
    ...(bypassed ? [] : [{ op: 'replace', path: `/spec/containers/${index}/command/${at}`, value: MOVED }]),
  ];
}

async function ownCertificate(): Promise<{ readonly certificate: string; readonly key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys: webcrypto.CryptoKeyPair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test mesh',
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: made.toString('pem'), key: PemConverter.encode(key, 'PRIVATE KEY') };
}
