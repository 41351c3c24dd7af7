import { ref, watch, type Ref } from 'vue';
import { useRoute } from 'vue-router';

import { useService } from '@/stores/service';
import { useServices } from '@/stores/services';

/** The service that a page is about: the one in its address, else the followed one, else the first. */
export function usePickedService(): { picked: Ref<string> } {
  const route = useRoute();
  const service = useService();
  const services = useServices();
  const asked = route.query['service'];
  const picked = ref(typeof asked === 'string' ? asked : service.id);
  watch(
    () => services.items,
    (items) => {
      if (picked.value === '') picked.value = items[0]?.id ?? '';
    },
    { immediate: true },
  );
  return { picked };
}
