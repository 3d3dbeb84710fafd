//! Operations that were complete when they were accepted: their id says so, and so nothing else has to.
//!
//! Where a worker would have nothing to do, the record is stored as it will be and the change is over before it is
//! answered. Clients still follow the operation that the protocol gives every change. A row for each would cost as much
//! as the record itself; so its id tells what the row would: that it succeeded, and when.
//!
//! An id is a UUID of version 8: 48 bits of milliseconds, 32 bits that tell operations of one millisecond apart, and 42
//! bits that follow from these and from the provider that it is an operation of. Any server knows it again. The bits
//! guard against accidents alone: who makes such an id up hears of a success that concerns nobody.

use radii_model::ResourceId;
use sha2::{Digest, Sha256};

use super::Host;
use crate::Timestamp;
use crate::store::OperationId;

const TELLING: u128 = 0xffff_ffff;
const CHECKING: u64 = (1 << 42) - 1;

/// Returns the id of an operation of a resource that is complete now.
pub(super) fn id(host: &Host, resource: &ResourceId) -> OperationId {
    let now = u64::try_from(host.parts.clock.now().0).unwrap_or_default();
    // The last bits of an id are its random ones.
    let telling = u32::try_from(host.parts.ids.next().as_u128() & TELLING).unwrap_or_default();
    made_of(now, telling, resource)
}

/// Returns when an operation ended, where its id says that it did.
pub fn ended_at(id: OperationId, resource: &ResourceId) -> Option<Timestamp> {
    if id.get_version_num() != 8 {
        return None;
    }
    let bits = id.as_u128();
    let moment = u64::try_from(bits >> 80).ok()?;
    // Twelve bits behind the version, twenty behind the variant.
    let telling = u32::try_from(((bits >> 64) & 0xfff) << 20 | (bits >> 42) & 0xf_ffff).ok()?;
    let is_ours = made_of(moment, telling, resource) == id;
    is_ours.then(|| i64::try_from(moment).map(Timestamp).ok()).flatten()
}

fn made_of(moment: u64, telling: u32, resource: &ResourceId) -> OperationId {
    let check = u128::from(check(moment, telling, resource) & CHECKING);
    let telling = u128::from(telling);
    let bits = u128::from(moment) << 80 | (telling >> 20) << 64 | (telling & 0xf_ffff) << 42 | check;
    uuid::Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid()
}

fn check(moment: u64, telling: u32, resource: &ResourceId) -> u64 {
    let plane = resource.plane().map(|(_, name)| name).unwrap_or_default();
    let provider = format!("{plane}/{}", resource.namespace().unwrap_or_default()).to_ascii_lowercase();
    let made_of = Sha256::new().chain_update(moment.to_be_bytes()).chain_update(telling.to_be_bytes());
    let digest = made_of.chain_update(provider).finalize();
    digest.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(text: &str) -> ResourceId {
        text.parse().unwrap()
    }

    #[test]
    fn an_id_says_when_its_operation_ended_to_whoever_asks_at_its_provider() {
        let resource = id_of("/planes/radius/local/resourceGroups/g/providers/Contoso.Data/things/one");
        for (moment, telling) in [(1_700_000_000_000, 0), (1_700_000_000_001, u32::MAX), (0, 0x8000_0001)] {
            let id = made_of(moment, telling, &resource);
            assert_eq!((id.get_version_num(), id.get_variant()), (8, uuid::Variant::RFC4122));
            assert_eq!(ended_at(id, &resource).map(|time| time.0), i64::try_from(moment).ok(), "{id}");
            assert_eq!(id.to_string().parse(), Ok(id));
            let same_provider = id_of("/PLANES/radius/LOCAL/providers/contoso.data/others/two");
            assert!(ended_at(id, &same_provider).is_some());
            for elsewhere in
                ["/planes/radius/other/providers/Contoso.Data/t/n", "/planes/radius/local/providers/A.B/t/n"]
            {
                assert_eq!(ended_at(id, &id_of(elsewhere)), None, "{elsewhere}");
            }
            assert_eq!(ended_at(uuid::Uuid::from_u128(id.as_u128() ^ 1), &resource), None);
        }
    }

    #[test]
    fn other_ids_say_nothing() {
        let resource = id_of("/planes/radius/local/resourceGroups/g/providers/Contoso.Data/things/one");
        for id in [uuid::Uuid::nil(), uuid::Uuid::max(), uuid::Uuid::now_v7(), uuid::Uuid::new_v4()] {
            assert_eq!(ended_at(id, &resource), None);
            let custom = uuid::Builder::from_custom_bytes(*id.as_bytes()).into_uuid();
            assert_eq!(ended_at(custom, &resource), None);
        }
    }
}
