/* SPDX-License-Identifier: Apache-2.0 */
/* The one view of the store: of who makes a batch, or of who commits. */
#include "aggregator/driver/parts.h"
#include "base/assert.h"

int th_driver_read_on(struct th_driver *driver)
{
    if (driver->is_reading)
        return 0;
    int status = driver->ports.store.renew(driver->ports.store.context);
    driver->is_reading = status == 0;
    return status;
}

int th_driver_read(struct th_driver *driver)
{
    int status = th_driver_end_last(driver);
    return status < 0 ? status : th_driver_read_on(driver);
}

void th_driver_rest_on(struct th_driver *driver)
{
    if (driver->is_reading)
        driver->ports.store.rest(driver->ports.store.context);
    driver->is_reading = false;
}

void th_driver_rest(struct th_driver *driver)
{
    TH_ASSERT(!driver->is_ahead);
    th_driver_rest_on(driver);
}
