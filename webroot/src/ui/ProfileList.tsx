// SPDX-License-Identifier: Apache-2.0
// Names of register maps for a field in which any may be typed: those in use here, and others that were proposed.

import { catalog } from '../app/model';

export function profileNames(proposed: string[] = []): string[] {
  const used = catalog.value?.meters.flatMap((meter) => meter.info.value.profile ?? []) ?? [];
  return [...new Set([...proposed, ...used])].sort();
}

export function ProfileList({ id, names }: { id: string; names: string[] }) {
  return (
    <datalist id={id}>
      {names.map((name) => (
        <option key={name} value={name} />
      ))}
    </datalist>
  );
}
