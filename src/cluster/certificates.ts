/**
 * Certificates of one run: an authority of its own and a workload identity for each role, made here, valid for hours,
 * kept in the run's folder while it runs and removed with it.
 */

import type { webcrypto } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { TlsOptions } from '../variants/index.js';

/** Paths of PEM files: a workload's certificate and key, and the authority that its peers are checked against. */
export interface Identity {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly authorityFile: string;
}

export interface Authority {
  /** The identity of a role, made at the first call for it. Its URI is `spiffe://meshmark/<role>`. */
  identityOf(role: string, key: TlsOptions['key']): Promise<Identity>;
  /** Removes every file. */
  remove(): void;
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** 65537, the exponent that every tool uses. */
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
} as const;
/** Clocks of processes of one machine agree; this is for certificates that are used at the moment they are made. */
const BACKDATED_MS = 60_000;

/** An authority whose certificates are valid for `validMs`. Files go to `directory`, readable by their owner alone. */
export function createAuthority(directory: string, validMs: number): Authority {
  const issuers = new Map<TlsOptions['key'], Promise<Issuer>>();
  const identities = new Map<string, Promise<Identity>>();
  const validity = {
    notBefore: new Date(Date.now() - BACKDATED_MS),
    notAfter: new Date(Date.now() + validMs),
  };
  const write = (name: string, text: string): string => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  /** One authority for each kind of key, so that a chain is of that kind from end to end. */
  const issuerOf = (key: TlsOptions['key']): Promise<Issuer> => {
    const known = issuers.get(key) ?? makeIssuer(key, validity, write);
    issuers.set(key, known);
    return known;
  };
  return {
    identityOf: (role, key) => {
      const name = `${role}-${key}`;
      const known =
        identities.get(name) ??
        issuerOf(key).then((issuer) => makeIdentity(issuer, role, key, validity, write));
      identities.set(name, known);
      return known;
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The host name in the certificate of a role, under the domain that is kept for private use. */
export function hostNameOf(role: string): string {
  return `${role}.meshmark.internal`;
}

interface Issuer {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly file: string;
}

interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

type Write = (name: string, text: string) => string;

function makeKeys(key: TlsOptions['key']): Promise<webcrypto.CryptoKeyPair> {
  return key === 'rsa'
    ? crypto.subtle.generateKey(RSA, true, ['sign', 'verify'])
    : crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
}

async function makeIssuer(key: TlsOptions['key'], validity: Validity, write: Write): Promise<Issuer> {
  const keys = await makeKeys(key);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=meshmark run authority (${key})`,
    ...validity,
    keys,
    signingAlgorithm: key === 'rsa' ? RSA : ECDSA,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return { certificate, keys, file: write(`authority-${key}.pem`, certificate.toString('pem')) };
}

async function makeIdentity(
  issuer: Issuer,
  role: string,
  key: TlsOptions['key'],
  validity: Validity,
  write: Write,
): Promise<Identity> {
  const keys = await makeKeys(key);
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${role}`,
    issuer: issuer.certificate.subject,
    ...validity,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: key === 'rsa' ? RSA : ECDSA,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      // The name by which meshes know workloads (SPIFFE ID, section 2), and one for programs that insist on a host's.
      new SubjectAlternativeNameExtension([
        { type: 'url', value: `spiffe://meshmark/${role}` },
        { type: 'dns', value: hostNameOf(role) },
      ]),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificateFile: write(`${role}-${key}.pem`, certificate.toString('pem')),
    keyFile: write(`${role}-${key}.key.pem`, PemConverter.encode(pkcs8, 'PRIVATE KEY')),
    authorityFile: issuer.file,
  };
}
