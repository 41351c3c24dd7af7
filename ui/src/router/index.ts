import { createRouter, createWebHistory, type RouteLocationNormalized, type Router } from 'vue-router';

import type { Permission } from '@/domain/permission';
import { words } from '@/i18n';
import { useSession } from '@/stores/session';
import ServiceView from '@/views/ServiceView.vue';

declare module 'vue-router' {
  interface RouteMeta {
    title: string;
    permission: Permission;
    /** Without the console's bar and banner. */
    bare?: boolean;
  }
}

const number = (to: RouteLocationNormalized): { n: number } => ({ n: Number(to.params['n']) });

/** The service page comes with the first load, the others when they are opened. */
export function createConsoleRouter(): Router {
  const router = createRouter({
    history: createWebHistory(),
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
    routes: [
      { path: '/', redirect: () => (useSession().user === null ? '/status' : '/services') },
      { path: '/login', component: () => import('@/views/LoginView.vue'), meta: { title: words.account.login.title, permission: 'status' } },
      { path: '/services', component: () => import('@/views/ServicesView.vue'), meta: { title: words.nav.services, permission: 'status' } },
      { path: '/services/:id', component: ServiceView, props: true, meta: { title: words.pages.services.title, permission: 'status' } },
      { path: '/status', component: () => import('@/views/StatusView.vue'), meta: { title: words.nav.status, permission: 'status' } },
      { path: '/wall', component: () => import('@/views/WallView.vue'), meta: { title: words.fleet.wall.title, permission: 'status', bare: true } },
      { path: '/services/:id/metrics', component: () => import('@/views/MetricsView.vue'), props: true, meta: { title: words.nav.metrics, permission: 'metrics' } },
      { path: '/services/:id/backups', component: () => import('@/views/ServiceBackupsView.vue'), props: true, meta: { title: words.nav.backups, permission: 'backups' } },
      { path: '/services/:id/procedures', component: () => import('@/views/ProceduresView.vue'), props: true, meta: { title: words.procedures.title, permission: 'procedures' } },
      { path: '/services/:id/inspect', component: () => import('@/views/InspectView.vue'), props: true, meta: { title: words.inspect.title, permission: 'inspect' } },
      { path: '/backups', component: () => import('@/views/BackupsView.vue'), meta: { title: words.nav.backups, permission: 'backup_overview' } },
      { path: '/events', component: () => import('@/views/EventsView.vue'), meta: { title: words.nav.events, permission: 'events' } },
      { path: '/incidents', component: () => import('@/views/IncidentsView.vue'), meta: { title: words.nav.incidents, permission: 'incidents' } },
      { path: '/incidents/:n(\\d+)', component: () => import('@/views/IncidentView.vue'), props: number, meta: { title: words.nav.incidents, permission: 'incident' } },
      { path: '/alerts', component: () => import('@/views/AlertsView.vue'), meta: { title: words.nav.alerts, permission: 'alerts' } },
      { path: '/alerts/:n(\\d+)', component: () => import('@/views/AlertView.vue'), props: number, meta: { title: words.nav.alerts, permission: 'alert' } },
      { path: '/maintenance', component: () => import('@/views/MaintenanceView.vue'), meta: { title: words.nav.maintenance, permission: 'maintenance' } },
      { path: '/maintenance/:n(\\d+)', component: () => import('@/views/WindowView.vue'), props: number, meta: { title: words.nav.maintenance, permission: 'maintenance_show' } },
      { path: '/audit', component: () => import('@/views/AuditView.vue'), meta: { title: words.nav.audit, permission: 'audit' } },
      { path: '/users', component: () => import('@/views/UsersView.vue'), meta: { title: words.nav.users, permission: 'users' } },
      { path: '/requests', component: () => import('@/views/RequestsView.vue'), meta: { title: words.nav.requests, permission: 'access_requests' } },
      { path: '/settings', component: () => import('@/views/SettingsView.vue'), meta: { title: words.nav.settings, permission: 'me' } },
      { path: '/:rest(.*)*', component: () => import('@/views/NotFoundView.vue'), meta: { title: words.errors.notFound, permission: 'status' } },
    ],
  });

  router.beforeEach((to) => {
    const session = useSession();
    // Without a login there is something to do about it; a role that does not reach is told by the page itself.
    if (session.user === null && !session.allows(to.meta.permission)) return { path: '/login', query: { next: to.fullPath } };
    // Set up first: there is nothing else that the daemon would do.
    if (session.needsFactor && !['/settings', '/status', '/login'].includes(to.path)) return '/settings';
    return true;
  });
  router.afterEach((to) => {
    document.title = `${to.meta.title} · ${words.product}`;
  });
  return router;
}
