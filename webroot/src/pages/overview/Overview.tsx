// SPDX-License-Identifier: Apache-2.0
// Is all well, and what does the site use now?

import { catalog, lines, type Catalog, type Meter } from '../../app/model';
import { catalogProblem } from '../../app/feed';
import { supplyOf, type Supply } from '../../data/supply';
import { counted, t } from '../../i18n';
import { BusStrip } from '../../ui/BusStrip';
import { Card } from '../../ui/Card';
import { EmptyState, Spinner } from '../../ui/notices';
import { SitePower } from './SitePower';
import { TopFive } from './TopFive';
import { Trouble } from './Trouble';

function supplyOfSite(known: Catalog): Supply {
  return supplyOf(
    known.circuits,
    known.meters.map((meter) => meter.info.value),
  );
}

const isOnLine = (meter: Meter): boolean => meter.info.value.line !== null;

/** Those that compete for the top five: the incomers and sums of others would always win. */
function consumers(meters: Meter[], supply: Supply): Meter[] {
  return meters.filter((meter) => isOnLine(meter) && !(supply.known && supply.meters.includes(meter.name)));
}

export function Overview() {
  const known = catalog.value;
  if (!known) return catalogProblem.value ? null : <Spinner />;
  const supply = supplyOfSite(known);
  const meters = known.meters.filter((meter) => supply.meters.includes(meter.name));
  return (
    // Another set of meters is another page: nothing of the old one may linger in it.
    <div class="page overview" key={known.meters.map((meter) => meter.name).join()}>
      <h1 class="unseen">{t('nav.overview')}</h1>
      {known.meters.length === 0 ? (
        <Card title={t('overview.power')} class="site-power">
          <EmptyState icon="meters" title={t('meters.none')}>
            {t('meters.none.help')}
          </EmptyState>
        </Card>
      ) : (
        <SitePower site={known.site} meters={meters} supply={supply} />
      )}
      <Card title={t('overview.top')} class="top-five">
        <TopFive meters={consumers(known.meters, supply)} />
      </Card>
      <Card title={t('overview.trouble')} class="trouble">
        <Trouble meters={known.meters.filter(isOnLine)} />
      </Card>
      <Card title={t('overview.lines')} aside={counted('line.lines', lines.value.length)} class="bus">
        <BusStrip />
      </Card>
    </div>
  );
}
