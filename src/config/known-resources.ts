// The resources of Kubernetes' own groups, by the names that people write for them.

export interface KnownResource {
  readonly group: string;
  /** The one that an apiserver of Kubernetes 1.37 prefers. */
  readonly version: string;
  readonly resource: string;
  readonly shortNames: readonly string[];
}

/** `GROUP/VERSION: PLURAL[=SHORT[=SHORT]] …` (kubectl api-resources). Of two with one name the first is meant, as by kubectl. */
const table = `
v1: bindings componentstatuses=cs configmaps=cm endpoints=ep events=ev limitranges=limits namespaces=ns nodes=no persistentvolumeclaims=pvc
  persistentvolumes=pv pods=po podtemplates replicationcontrollers=rc resourcequotas=quota secrets serviceaccounts=sa services=svc
admissionregistration.k8s.io/v1: mutatingwebhookconfigurations validatingadmissionpolicies validatingadmissionpolicybindings
  validatingwebhookconfigurations
apiextensions.k8s.io/v1: customresourcedefinitions=crd=crds
apiregistration.k8s.io/v1: apiservices
apps/v1: controllerrevisions daemonsets=ds deployments=deploy replicasets=rs statefulsets=sts
autoscaling/v2: horizontalpodautoscalers=hpa
batch/v1: cronjobs=cj jobs
certificates.k8s.io/v1: certificatesigningrequests=csr
coordination.k8s.io/v1: leases
discovery.k8s.io/v1: endpointslices
events.k8s.io/v1: events=ev
flowcontrol.apiserver.k8s.io/v1: flowschemas prioritylevelconfigurations
networking.k8s.io/v1: ingressclasses ingresses=ing ipaddresses=ip networkpolicies=netpol servicecidrs
node.k8s.io/v1: runtimeclasses
policy/v1: poddisruptionbudgets=pdb
rbac.authorization.k8s.io/v1: clusterrolebindings clusterroles rolebindings roles
resource.k8s.io/v1: deviceclasses resourceclaims resourceclaimtemplates resourceslices
scheduling.k8s.io/v1: priorityclasses=pc
storage.k8s.io/v1: csidrivers csinodes csistoragecapacities storageclasses=sc volumeattachments volumeattributesclasses=vac
`;

export const knownResources: readonly KnownResource[] = table
  .trim()
  .split(/\n(?! )/)
  .flatMap((line) => {
    const [head = "", rest = ""] = line.split(": ");
    const [version = "", group = ""] = head.split("/").toReversed();
    return rest.split(/\s+/).map((names) => {
      const [resource = "", ...shortNames] = names.split("=");
      return { group, version, resource, shortNames };
    });
  });

/** The resource of this plural; `group` undefined: in whichever group it is. */
export function findKnown(resource: string, group: string | undefined): KnownResource | undefined {
  return knownResources.find(
    (known) => known.resource === resource && (group === undefined || known.group === group),
  );
}

/** The resource that is meant by a short name, a singular or a kind, and which of them it is; undefined: none is. */
export function findMeant(
  name: string,
  group: string | undefined,
): { readonly known: KnownResource; readonly is: "a short name" | "a singular" } | undefined {
  const isIn = (known: KnownResource) => group === undefined || known.group === group;
  const short = knownResources.find((known) => isIn(known) && known.shortNames.includes(name));
  if (short !== undefined) return { known: short, is: "a short name" };
  const single = knownResources.find(
    (known) => isIn(known) && singularOf(known.resource) === name.toLowerCase(),
  );
  return single && { known: single, is: "a singular" };
}

function singularOf(plural: string): string {
  if (plural.endsWith("ies")) return `${plural.slice(0, -3)}y`;
  return plural.slice(0, /(?:ss|us)es$/.test(plural) ? -2 : -1);
}
