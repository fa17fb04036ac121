//! The caller's own profile: the name and colour that others see.

use parlor_protocol::{
    UserKind,
    http::{Me, UpdateProfileRequest},
    limits,
    policy::ServerAction,
};

use super::{Caller, Field, Result, ServiceError, Services, names::parse_name};
use crate::domain::CreateError;

impl Services {
    pub async fn profile(&self, caller: &Caller) -> Result<Me> {
        let account = match caller.user.kind {
            UserKind::Guest => None,
            UserKind::Account => self.store.account_of(caller.user.id).await?,
        };
        let (name, colour) = account.map_or((None, None), |account| (Some(account.name), account.colour));
        Ok(Me { user: (*caller.user).clone(), role: caller.role, account: name, colour })
    }

    /// Changes the name and colour that others see. The name to sign in with stays.
    ///
    /// # Errors
    /// The input is not valid, the name is taken, or the caller is a guest.
    pub async fn update_profile(&self, caller: &Caller, request: UpdateProfileRequest) -> Result<Me> {
        if caller.user.kind == UserKind::Guest {
            return Err(ServiceError::NoProfile);
        }
        self.require(caller, ServerAction::ChangeProfile)?;
        let name = request.display_name.as_deref().map(parse_name).transpose()?;
        if request.colour.is_some_and(|colour| colour >= limits::COLOUR_COUNT) {
            let max = u32::from(limits::COLOUR_COUNT) - 1;
            return Err(ServiceError::OutOfRange { field: Field::Colour, min: 0, max });
        }
        let id = caller.user.id;
        match self.store.set_profile(id, name, request.colour, self.names_in_use()).await? {
            Ok(user) => {
                let account = self.store.account_of(id).await?.ok_or(ServiceError::Unauthenticated)?;
                Ok(Me { user, role: account.role, account: Some(account.name), colour: account.colour })
            }
            Err(CreateError::NameTaken) => {
                Err(self.name_taken(&request.display_name.unwrap_or_default(), Some(id)).await)
            }
            Err(CreateError::Invite | CreateError::NoSuchUser) => Err(ServiceError::NoProfile),
        }
    }
}
