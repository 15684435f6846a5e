// SPDX-License-Identifier: Apache-2.0
// Where a computed meter's values come from: its row in the configuration, the circuits that it measures.

import { useEffect, useState } from 'preact/hooks';
import { get } from '../../app/api';
import { catalog, type Meter } from '../../app/model';
import { flow, type Value } from '../../data/change';
import { t } from '../../i18n';

interface VirtualRow {
  name: string;
  title?: string;
  [key: string]: Value | undefined;
}

/** "sum: [ a, b ]": what stands in the row besides its names. */
function formulaOf({ name: _name, title: _title, ...rest }: VirtualRow): string {
  return Object.entries(rest)
    .map(([key, value]) => `${key} ${flow(value ?? null)}`)
    .join(', ');
}

export function circuitsOf(meter: Meter): string[] {
  return (catalog.value?.circuits ?? []).filter((one) => one.meter === meter.name).map((one) => one.name);
}

export function VirtualSource({ meter }: { meter: Meter }) {
  const [row, setRow] = useState<VirtualRow | null>(null);
  useEffect(() => {
    const over = new AbortController();
    get<VirtualRow[] | null>('/config/virtual', over.signal).then(
      (rows) => setRow(rows?.find((one) => one.name === meter.name) ?? null),
      () => {},
    );
    return () => over.abort();
  }, [meter.name]);
  if (!row) return <>{t('meter.computed')}</>;
  return (
    <>
      {row.title && `${row.title} · `}
      {t('meter.computed.of', { formula: formulaOf(row) })}
    </>
  );
}
