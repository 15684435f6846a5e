// SPDX-License-Identifier: Apache-2.0

import { catalogProblem, connection, lostSince, readCatalog } from '../app/feed';
import { t } from '../i18n';
import { Icon } from './Icon';
import { ProblemNote } from './notices';
import { Age } from './Value';
import { gatewayNow } from '../app/clock';

/** A lost connection is said on every page; what stands there meanwhile is old. */
export function Banner() {
  if (connection.value === 'lost') {
    const since = lostSince.value + (gatewayNow() - Date.now());
    return (
      <div class="banner" role="alert">
        <Icon name="offline" />
        <p>
          {t('banner.lost')}{' '}
          <span aria-hidden="true">
            {t('banner.since')} <Age time={() => since} />
          </span>
        </p>
      </div>
    );
  }
  if (catalogProblem.value) {
    return <ProblemNote problem={catalogProblem.value} onRetry={() => void readCatalog()} />;
  }
  return null;
}
