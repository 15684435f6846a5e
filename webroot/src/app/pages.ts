// SPDX-License-Identifier: Apache-2.0
// The pages, as rows. A page that the profile may not use is neither in the navigation nor reached by its address.

import type { ComponentType } from 'preact';
import type { Key } from '../i18n';
import type { IconName } from '../ui/Icon';
import { lazy } from '../ui/lazy';
import { Overview } from '../pages/overview/Overview';
import type { Route } from './router';
import type { Permission } from './types';

export interface PageRow {
  name: string;
  title: Key;
  icon: IconName;
  permission: Permission;
  view: ComponentType<{ route: Route }>;
}

export const PAGES: readonly PageRow[] = [
  { name: 'overview', title: 'nav.overview', icon: 'overview', permission: 'see', view: Overview },
  {
    name: 'meters',
    title: 'nav.meters',
    icon: 'meters',
    permission: 'see',
    view: lazy(() => import('../pages/meters/Meters')),
  },
  {
    name: 'trends',
    title: 'nav.trends',
    icon: 'trends',
    permission: 'see',
    view: lazy(() => import('../pages/trends/Trends')),
  },
  {
    name: 'bus',
    title: 'nav.bus',
    icon: 'bus',
    permission: 'see',
    view: lazy(() => import('../pages/bus/Bus')),
  },
  {
    name: 'supervisor',
    title: 'nav.supervisor',
    icon: 'supervisor',
    permission: 'see',
    view: lazy(() => import('../pages/supervisor/Supervisor')),
  },
  {
    name: 'account',
    title: 'nav.account',
    icon: 'account',
    permission: 'see',
    view: lazy(() => import('../pages/account/Account')),
  },
];
